import PodCore

/// The rules for labels that a node gives itself. API servers refuse others under Kubernetes' own names (NodeRestriction), and the node with them.
enum NodeLabels {
    private static let wellKnown: Set<Substring> = [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
        "node.kubernetes.io/instance-type", "beta.kubernetes.io/instance-type", "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
    ]
    private static let open = ["kubelet.kubernetes.io", "node.kubernetes.io"]
    private static let reserved = ["kubernetes.io", "k8s.io"]

    /// Reads `key=value,key=value`; a key alone has an empty value.
    static func parse(_ text: String, place: String) throws(ConfigurationError) -> [String: String] {
        var labels: [String: String] = [:]
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let (key, value) = (sides[0].filter { $0 != " " }, sides.count > 1 ? sides[1].filter { $0 != " " } : "")
            if let problem = problem(key: key, value: value) { throw ConfigurationError(.badValue, place: place, reason: problem) }
            labels[key] = value
        }
        return labels
    }

    /// Returns what is wrong with a label; `nil` for one that a node may have.
    static func problem(key: String, value: String) -> String? {
        guard isQualifiedName(key) else {
            return "found the label '\(key)', wanted a name of at most 63 letters, digits, '-', '_' and '.', perhaps behind a domain and '/'"
        }
        guard value.isEmpty || isWord(value[...]) else {
            return "label \(key): found the value '\(value)', wanted at most 63 letters, digits, '-', '_' and '.'"
        }
        let sides = key.split(separator: "/")
        guard sides.count == 2, isBelow(reserved, sides[0]), !isBelow(open, sides[0]), !wellKnown.contains(key[...]) else { return nil }
        return "label \(key): nodes may not give themselves this label of Kubernetes' own; use another domain, or \(open.joined(separator: " or "))"
    }

    /// Whether a text is a key as labels and annotations have it: a name, perhaps behind a domain and a slash.
    static func isQualifiedName(_ key: String) -> Bool {
        let sides = key.split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count <= 2, let name = sides.last, isWord(name) else { return false }
        return sides.count == 1 || isNamespace(sides[0])
    }

    private static func isBelow(_ domains: [String], _ namespace: Substring) -> Bool {
        domains.contains { namespace == $0 || namespace.hasSuffix("." + $0) }
    }

    private static func isNamespace(_ text: Substring) -> Bool {
        text.utf8.count <= 253 && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(DNSName.isLabel)
    }

    private static func isWord(_ text: Substring) -> Bool {
        func isAlphanumeric(_ character: Character) -> Bool { character.isASCII && (character.isLetter || character.isNumber) }
        return (1...63).contains(text.utf8.count) && text.allSatisfy { isAlphanumeric($0) || "-_.".contains($0) }
            && text.first.map(isAlphanumeric) == true && text.last.map(isAlphanumeric) == true
    }
}
