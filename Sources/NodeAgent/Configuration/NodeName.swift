import PodCore

/// The rule for a node's name: that of the flag, else the machine's whole host name, in lower case.
enum NodeName {
    /// Characters of a label's value: the name is also the value of `kubernetes.io/hostname`.
    private static let longest = 63

    static func resolve(override: String?, hostname: String) throws(ConfigurationError) -> String {
        let given = override ?? hostname
        let name = given.filter { !$0.isWhitespace }.lowercased()
        guard DNSName.isSubdomain(name), name.utf8.count <= longest else {
            throw ConfigurationError(
                .badValue, place: override == nil ? "the machine's host name" : "--hostname-override",
                reason:
                    "found '\(given)', wanted the name of a node: labels of a-z, 0-9 and - with dots between them, at most \(longest) characters; "
                    + "give the node another name with --hostname-override")
        }
        return name
    }
}
