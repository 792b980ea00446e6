import KubeModel

/// The order that `$setElementOrder` asks for: elements that the client named in its order; elements that only the server has
/// keep their place relative to the named elements.
struct ListOrder {
    private let key: String?

    init(_ list: MergeSchema.List) {
        if case .byKey(let key) = list { self.key = key } else { key = nil }
    }

    func arrange(_ merged: [JSONValue], wanted: [JSONValue], original: [JSONValue]) -> [JSONValue] {
        let rank = positions(wanted)
        let before = positions(original)
        let named = merged.filter { rank[identity($0)] != nil }.sorted { (rank[identity($0)] ?? 0) < (rank[identity($1)] ?? 0) }
        var others = merged.filter { rank[identity($0)] == nil }[...]
        var result: [JSONValue] = []
        for element in named {
            // A server-only element goes first unless both were there before in the other order.
            while let other = others.first {
                if let place = before[identity(element)], let otherPlace = before[identity(other)], place < otherPlace { break }
                result.append(other)
                others.removeFirst()
            }
            result.append(element)
        }
        return result + others
    }

    private func identity(_ element: JSONValue) -> JSONValue { key.flatMap { element[$0] } ?? element }

    private func positions(_ elements: [JSONValue]) -> [JSONValue: Int] {
        Dictionary(elements.enumerated().map { (identity($1), $0) }, uniquingKeysWith: { first, _ in first })
    }
}
