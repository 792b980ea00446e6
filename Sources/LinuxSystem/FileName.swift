/// One name in a directory, as the kernel has it: bytes, not text. Anybody who writes into a directory may choose a name
/// that is no UTF-8, and a repaired text would name another file or none.
package struct FileName: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// With the NUL that C wants behind it.
    package let cString: [CChar]

    /// `nil` for what cannot be a name: nothing, a NUL or a slash inside.
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

    /// What `readdir` gives, which never holds a slash.
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

    /// `nil` when it is no UTF-8.
    package var text: String? { String(validating: bytes, as: UTF8.self) }

    /// For messages only: what is no UTF-8 is replaced.
    package var description: String { String(decoding: bytes, as: UTF8.self) }

    package func hasPrefix(_ prefix: String) -> Bool { bytes.starts(with: prefix.utf8) }

    package static func < (left: FileName, right: FileName) -> Bool { left.bytes.lexicographicallyPrecedes(right.bytes) }
}
