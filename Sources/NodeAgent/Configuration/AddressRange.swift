import Addresses

/// Lists of address ranges as configuration files write them.
enum AddressRange {
    /// Splits `10.244.0.0/16, fd00::/64` at its commas and removes blanks.
    static func list(_ text: String) -> [String] {
        text.split(separator: ",", omittingEmptySubsequences: false).map { $0.filter { !$0.isWhitespace } }
    }
}

extension FieldReader {
    /// At most one range of each family, separated by a comma.
    mutating func readRanges(_ key: String, into target: inout String) throws {
        try read(key, into: &target)
        guard let node = node(key), !target.isEmpty else { return }
        let texts = AddressRange.list(target)
        let ranges = texts.compactMap { CIDR($0) }
        guard ranges.count == texts.count, Set(ranges.map(\.family)).count == ranges.count else {
            throw bad(node, key, "found '\(target)', wanted a CIDR such as 10.244.0.0/16, at most one of each family with a comma between")
        }
    }
}
