import KubeModel

/// The query of a request, percent-decoded; a name may come several times.
struct QueryItems: Sendable {
    private(set) var items: [(name: String, value: String)] = []

    init(_ query: String) {
        for part in query.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            items.append(
                (
                    PercentCoding.decodeLeniently(pair[0], plusIsSpace: true),
                    pair.count > 1 ? PercentCoding.decodeLeniently(pair[1], plusIsSpace: true) : ""
                ))
        }
    }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// `1`, `true` and the bare name are true.
    func isTrue(_ name: String) -> Bool { self[name].map { ["1", "true", "True", "t", ""].contains($0) } ?? false }

    /// The query again, for a request to a node, without some names.
    func encoded(without dropped: Set<String> = []) -> String {
        items.filter { !dropped.contains($0.name) }.map { "\(PercentCoding.encode($0.name))=\(PercentCoding.encode($0.value))" }.joined(
            separator: "&")
    }
}
