import Glibc

/// Ranges of addresses as they are written in files: `10.244.0.0/16`.
enum AddressRange {
    /// Whether the text is an address and the length of a prefix that its family can have.
    static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let length = Int(parts[1]), parts[1].utf8.allSatisfy({ (48...57).contains($0) }) else { return false }
        return length <= (isVersion6(text) ? 128 : 32) && isAddress(String(parts[0]))
    }

    static func isVersion6(_ text: String) -> Bool { text.contains(":") }

    /// Comma-separated ranges, blanks removed.
    static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { !$0.isWhitespace } }
    }

    private static func isAddress(_ text: String) -> Bool {
        var bytes = in6_addr()
        return inet_pton(isVersion6(text) ? AF_INET6 : AF_INET, text, &bytes) == 1
    }
}

extension FieldReader {
    /// At most one range of each family, separated by a comma.
    mutating func readRanges(_ key: String, into target: inout String) throws {
        try read(key, into: &target)
        guard let node = node(key), !target.isEmpty else { return }
        let ranges = AddressRange.list(target)
        guard ranges.allSatisfy(AddressRange.isValid), Set(ranges.map(AddressRange.isVersion6)).count == ranges.count else {
            throw bad(node, key, "found '\(target)', wanted a CIDR such as 10.244.0.0/16, at most one of each family with a comma between")
        }
    }
}
