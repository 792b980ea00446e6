/// One name in a directory, as the kernel has it: bytes, not text. Names may be any bytes, and a text repaired to UTF-8
/// would name another file or none.
package struct FileName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The name with a NUL at its end.
    package let cString: [CChar]

    /// `nil` if the text cannot be a name: it is empty, or holds a NUL or a slash.
    package init?(bytes: some Sequence<UInt8>) {
        var characters: [CChar] = []
        for byte in bytes {
            guard byte != 0, byte != UInt8(ascii: "/") else { return nil }
            characters.append(CChar(bitPattern: byte))
        }
        guard !characters.isEmpty else { return nil }
        cString = characters + [0]
    }

    /// `nil` for what cannot be a name.
    package init?(_ text: String) { self.init(bytes: text.utf8) }

    /// A name from `readdir`, which never holds a slash.
    init(entry: UnsafePointer<CChar>) {
        var characters: [CChar] = []
        var next = entry
        while next.pointee != 0 {
            characters.append(next.pointee)
            next += 1
        }
        cString = characters + [0]
    }

    package var bytes: [UInt8] { cString.dropLast().map { UInt8(bitPattern: $0) } }

    /// `nil` when the name is not UTF-8.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// For messages only: bytes that are not UTF-8 are replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    package func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    package static func < (left: FileName, right: FileName) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
