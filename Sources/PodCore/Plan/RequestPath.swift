/// The path of an `httpGet` action as kubelet sends it.
package enum RequestPath {
    /// Returns path and query. A query stays as it is written, and so does a path that is valid in a URL; otherwise its bytes are escaped. A fragment is
    /// not sent. Text that is not a URL is one path: its `?` is escaped.
    package static func sent(_ text: String) -> String {
        let isURL = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
        let reference = isURL ? withoutAuthority(text.prefix { $0 != "#" }) : ""
        let written = reference.prefix { $0 != "?" }
        guard isURL, let bytes = unescaped(written) else { return rooted(escaped(Array(text.utf8))) }
        let path = written.utf8.allSatisfy(isAllowed) ? String(written) : escaped(bytes)
        return (path.isEmpty ? "" : rooted(path)) + reference[written.endIndex...]
    }

    /// The host is decided elsewhere: of `http://host/path` and `//host/path` only the path counts.
    private static func withoutAuthority(_ text: Substring) -> Substring {
        let scheme = text.prefix { $0.isASCII && $0.isLetter }
        var rest = text
        if !scheme.isEmpty, text[scheme.endIndex...].hasPrefix("://") { rest = text[scheme.endIndex...].dropFirst() }
        guard rest.hasPrefix("//"), !rest.hasPrefix("///") else { return rest }
        return rest.dropFirst(2).drop { $0 != "/" && $0 != "?" }
    }

    private static func rooted(_ path: String) -> String { path.hasPrefix("/") ? path : "/" + path }

    private static let unreserved = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~$&+,/:;=@".utf8)
    private static let alsoValid = Set("!'()*[]%".utf8)

    private static func isAllowed(_ byte: UInt8) -> Bool { unreserved.contains(byte) || alsoValid.contains(byte) }

    private static func escaped(_ bytes: [UInt8]) -> String {
        bytes.map { unreserved.contains($0) ? String(UnicodeScalar($0)) : "%" + hexadecimal($0) }.joined()
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return digits.count < 2 ? "0" + digits : digits
    }

    /// `nil` for a broken escape.
    private static func unescaped(_ text: Substring) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).map { Character(UnicodeScalar($0)) }
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(String(digits), radix: 16) else { return nil }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return bytes
    }
}
