/// One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1): a scheme and its parameters.
struct AuthenticationChallenge: Sendable, Hashable {
    /// Lower case.
    let scheme: String
    /// Names in lower case.
    let parameters: [String: String]

    private static let longestHeader = 8192

    /// Returns all challenges of all headers. An unreadable challenge ends the list of its header.
    static func parse(_ headers: [String]) -> [AuthenticationChallenge] {
        headers.flatMap { header -> [AuthenticationChallenge] in
            guard header.utf8.count <= longestHeader else { return [] }
            var scanner = Scanner(bytes: Array(header.utf8))
            return scanner.challenges()
        }
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0

        var current: UInt8? { position < bytes.count ? bytes[position] : nil }

        mutating func skip(_ skipped: (UInt8) -> Bool) {
            while let byte = current, skipped(byte) { position += 1 }
        }

        mutating func token() -> String? {
            let start = position
            skip { ReferenceGrammar.isAlphanumeric($0) || "!#$%&'*+-.^_`|~".utf8.contains($0) }
            return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
        }

        /// The characters of a bare value, which covers token68 and the unquoted URLs that some registries send.
        mutating func bareValue() -> String {
            let start = position
            skip { $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\"") }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }

        mutating func quotedValue() -> String? {
            position += 1
            var value: [UInt8] = []
            while let byte = current {
                position += 1
                if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), let escaped = current {
                    value.append(escaped)
                    position += 1
                } else {
                    value.append(byte)
                }
            }
            return nil
        }

        mutating func challenges() -> [AuthenticationChallenge] {
            var result: [AuthenticationChallenge] = []
            var scheme: String?
            var parameters: [String: String] = [:]
            func finished() -> [AuthenticationChallenge] {
                scheme.map { result + [AuthenticationChallenge(scheme: $0, parameters: parameters)] } ?? result
            }
            while true {
                skip { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: ",") }
                guard let word = token() else { return finished() }
                skip { $0 == UInt8(ascii: " ") }
                guard current == UInt8(ascii: "="), scheme != nil else {
                    result = finished()
                    scheme = word.lowercased()
                    parameters = [:]
                    continue
                }
                position += 1
                skip { $0 == UInt8(ascii: " ") }
                if current == UInt8(ascii: "\"") {
                    guard let value = quotedValue() else { return finished() }
                    parameters[word.lowercased()] = value
                } else {
                    parameters[word.lowercased()] = bareValue()
                }
            }
        }
    }
}
