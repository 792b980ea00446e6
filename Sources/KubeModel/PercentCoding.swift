/// Percent-coding of the parts of a URL (RFC 3986 section 2.1).
package enum PercentCoding {
    /// Escapes every byte except those of unreserved characters.
    package static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                result.append(byte)
            default:
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Returns `nil` when an escape is broken or the result is not UTF-8.
    /// - Parameter plusIsSpace: true in a query.
    package static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
        bytes(text, plusIsSpace, keepsBroken: false).flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Keeps broken escapes as they are written, and replaces bytes that are not UTF-8.
    package static func decodeLeniently(_ text: Substring, plusIsSpace: Bool = false) -> String {
        String(decoding: bytes(text, plusIsSpace, keepsBroken: true) ?? [], as: UTF8.self)
    }

    private static func bytes(_ text: Substring, _ plusIsSpace: Bool, keepsBroken: Bool) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                var escape = rest
                if let high = escape.popFirst().flatMap(digit), let low = escape.popFirst().flatMap(digit) {
                    bytes.append(high << 4 | low)
                    rest = escape
                } else if keepsBroken {
                    bytes.append(byte)
                } else {
                    return nil
                }
            case UInt8(ascii: "+") where plusIsSpace:
                bytes.append(UInt8(ascii: " "))
            default:
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
