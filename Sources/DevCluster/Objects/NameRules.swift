/// The names that Kubernetes allows.
enum NameRules {
    /// RFC 1123 label: at most 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit.
    static func isLabel(_ name: some StringProtocol) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, let last = bytes.last, bytes.count <= 63 else { return false }
        return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// RFC 1035 label: as above, beginning with a letter.
    static func isServiceLabel(_ name: String) -> Bool { isLabel(name) && !(0x30...0x39).contains(name.utf8.first ?? 0x30) }

    /// RFC 1123 subdomain: labels joined by '.', at most 253 characters.
    static func isSubdomain(_ name: String) -> Bool {
        name.utf8.count <= 253
            && name.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                let bytes = Array(part.utf8)
                guard let first = bytes.first, let last = bytes.last else { return false }
                return isAlphanumeric(first) && isAlphanumeric(last) && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
    }

    /// A segment of a path: anything but '.', '..', '/' and '%'.
    static func isPathSegment(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.contains("/") && !name.contains("%")
    }

    /// A label's value: empty, or at most 63 letters, digits, '-', '_', '.', with letters or digits at its ends.
    static func isLabelValue(_ value: String) -> Bool {
        if value.isEmpty { return true }
        let bytes = Array(value.utf8)
        func isEdge(_ byte: UInt8) -> Bool { isAlphanumeric(byte | 0x20) || (0x30...0x39).contains(byte) }
        guard bytes.count <= 63, let first = bytes.first, let last = bytes.last, isEdge(first), isEdge(last) else { return false }
        return bytes.allSatisfy { isEdge($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }

    /// A label's or an annotation's name: an optional subdomain and '/', then a value that is not empty.
    static func isQualifiedName(_ name: String) -> Bool {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch parts.count {
        case 1: return !parts[0].isEmpty && isLabelValue(parts[0])
        case 2: return isSubdomain(parts[0]) && !parts[1].isEmpty && isLabelValue(parts[1])
        default: return false
        }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
}
