/// A file of variables, in the part of the shell's syntax that kubelet reads.
///
/// A line is blank, a comment (`#`), or `NAME='value'`, perhaps with blanks before it and a comment after it. A value may have several lines, and
/// nothing in it is special except the quote that ends it. The first line with a name counts, and lines after it are not looked at.
enum EnvironmentFile {
    private static let newline = UInt8(ascii: "\n")
    private static let quote = UInt8(ascii: "'")
    private static let comment = UInt8(ascii: "#")

    /// The lines of a file, without their ends.
    private struct Lines: IteratorProtocol {
        private var rest: ArraySlice<UInt8>
        /// Of the latest line, from 1.
        private(set) var number = 0

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        mutating func next() -> ArraySlice<UInt8>? {
            if rest.isEmpty { return nil }
            number += 1
            let line = rest.prefix { $0 != EnvironmentFile.newline }
            rest = rest[line.endIndex...].dropFirst()
            return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        }
    }

    /// Returns the value of a variable; `nil` if the file does not have it, or if it is empty.
    static func value(of name: String, in bytes: [UInt8]) throws(PlanFailure) -> String? {
        var lines = Lines(bytes)
        while let line = lines.next()?.drop(while: isBlank) {
            guard let first = line.first, first != comment else { continue }
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { throw malformed(lines, "missing '='") }
            let found = line[..<equals]
            guard let last = found.last else { throw malformed(lines, "empty variable name") }
            if isBlank(last) { throw malformed(lines, "whitespace before '=' is not allowed") }
            let text = line[equals...].dropFirst()
            let isWanted = found.elementsEqual(name.utf8)
            if let first = text.first, isBlank(first) {
                // To a shell this sets nothing: the rest of the line would be a command.
                if isWanted { return nil }
                continue
            }
            guard text.first == quote else { throw malformed(lines, "value must be enclosed in single quotes") }
            let value = try quoted(text.dropFirst(), &lines)
            if isWanted { return value.isEmpty ? nil : String(decoding: value, as: UTF8.self) }
        }
        return nil
    }

    /// - Parameter text: the rest of the line after the opening quote. More lines are taken up to the closing one.
    private static func quoted(_ text: ArraySlice<UInt8>, _ lines: inout Lines) throws(PlanFailure) -> [UInt8] {
        let opening = lines
        var rest = text
        var value: [UInt8] = []
        while true {
            if let end = rest.firstIndex(of: quote) {
                value += rest[..<end]
                let after = rest[end...].dropFirst().drop(while: isBlank)
                guard after.isEmpty || after.first == comment else { throw malformed(lines, "unexpected content after closing quote") }
                // A variable of the kernel's ends at a NUL.
                if value.contains(0) { throw malformed(opening, "value contains a NUL") }
                return value
            }
            value += rest
            value.append(newline)
            guard let next = lines.next() else { throw malformed(opening, "unclosed single quote") }
            rest = next
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func malformed(_ lines: Lines, _ problem: String) -> PlanFailure {
        PlanFailure("invalid environment variable format at line \(lines.number): \(problem)")
    }
}
