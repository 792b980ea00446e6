/// Names by RFC 1123 as Kubernetes takes them. They end up in files that are read line by line.
package enum DNSName {
    static let labelRule = "at most 63 of a-z, 0-9 and -, beginning and ending with a letter or digit"
    static let subdomainRule = "labels of a-z, 0-9 and - with dots between them, at most 253 characters"

    package static func isLabel(_ text: some StringProtocol) -> Bool {
        (1...63).contains(text.utf8.count) && isWord(text)
    }

    /// The labels themselves may be longer here, as in Kubernetes' own check.
    package static func isSubdomain(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count) && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { !$0.isEmpty && isWord($0) }
    }

    private static func isWord(_ text: some StringProtocol) -> Bool {
        let hyphen = UInt8(ascii: "-")
        return text.utf8.allSatisfy { isAlphanumeric($0) || $0 == hyphen } && text.utf8.first != hyphen && text.utf8.reversed().first != hyphen
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
