/// A whole table, as it is wanted or as the kernel has it.
package struct Table: Sendable, Hashable {
    package var id: TableID
    package var comment: String?
    package var sets: [String: NamedSet]
    package var chains: [String: Chain]

    package init(_ id: TableID, comment: String? = nil, sets: [NamedSet] = [], chains: [Chain] = []) {
        self.id = id
        self.comment = comment
        self.sets = Dictionary(sets.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
        self.chains = Dictionary(chains.map { ($0.name, $0) }, uniquingKeysWith: { _, last in last })
    }

    package var isEmpty: Bool { sets.isEmpty && chains.isEmpty }
    package var ruleCount: Int { chains.values.reduce(0) { $0 + $1.rules.count } }
    package var elementCount: Int { sets.values.reduce(0) { $0 + $1.elements.count } }
}
