/// The query of a request, percent-decoded; a name may come several times.
struct QueryItems: Sendable {
    private(set) var items: [(name: String, value: String)] = []

    init(_ query: String) {
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append((Self.decoded(pair[0]), pair.count > 1 ? Self.decoded(pair[1]) : ""))
        }
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// `1`, `true` and the bare name are true.
    func isTrue(_ name: String) -> Bool { self[name].map { ["1", "true", "True", "t", ""].contains($0) } ?? false }

    static func decoded(_ text: Substring, plusIsSpace: Bool = true) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? 0x20 : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The query again, for a request to a node, without some names.
    func encoded(without dropped: Set<String> = []) -> String {
        items.filter { !dropped.contains($0.name) }.map { "\(Self.encoded($0.name))=\(Self.encoded($0.value))" }.joined(separator: "&")
    }

    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
                result.append(Character(UnicodeScalar(byte)))
            default:
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }
}
