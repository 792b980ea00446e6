/// One change of a transaction.
package enum Operation: Sendable, Hashable {
    case addTable(TableID, comment: String?)
    case deleteTable(TableID)
    case addSet(TableID, SetSchema)
    case deleteSet(TableID, String)
    case addElements(TableID, SetSchema, [Element])
    case deleteElements(TableID, SetSchema, [Element])
    /// The declaration; the rules of the value are not added by this.
    case addChain(TableID, Chain)
    case deleteChain(TableID, String)
    /// Removes all rules of a chain.
    case flushChain(TableID, String)
    case addRule(TableID, chain: String, Rule)
}

extension Operation: CustomStringConvertible {
    /// `add 3 elements to map endpoints of ip swiftlet`
    package var description: String {
        switch self {
        case .addTable(let table, _): "add table \(table)"
        case .deleteTable(let table): "delete table \(table)"
        case .addSet(let table, let schema): "add \(schema.keyword) \(schema.name) to \(table)"
        case .deleteSet(let table, let name): "delete set \(name) of \(table)"
        case .addElements(let table, let schema, let elements): "add \(elements.count) elements to \(schema.keyword) \(schema.name) of \(table)"
        case .deleteElements(let table, let schema, let elements):
            "delete \(elements.count) elements from \(schema.keyword) \(schema.name) of \(table)"
        case .addChain(let table, let chain): "add chain \(chain.name) to \(table)"
        case .deleteChain(let table, let name): "delete chain \(name) of \(table)"
        case .flushChain(let table, let name): "flush chain \(name) of \(table)"
        case .addRule(let table, let chain, _): "add a rule to chain \(chain) of \(table)"
        }
    }
}
