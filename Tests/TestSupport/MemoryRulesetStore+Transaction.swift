import Nftables

extension MemoryRulesetStore {
    /// Performs all operations, or throws for the first that the kernel would refuse.
    static func perform(_ transaction: Transaction, on tables: [TableID: Table]) throws(NftablesError) -> [TableID: Table] {
        var tables = tables
        for (index, operation) in transaction.operations.enumerated() {
            if let errno = perform(operation, &tables) {
                throw NftablesError(code: .refused, operation: operation, index: index, errno: errno.rawValue, detail: "refused (\(errno))")
            }
        }
        return tables
    }

    enum Refusal: Int32 {
        case notFound = 2
        case busy = 16
        case exists = 17
    }

    /// Returns the kernel's refusal, `nil` when the operation is done.
    private static func perform(_ operation: Operation, _ tables: inout [TableID: Table]) -> Refusal? {
        switch operation {
        case .addTable(let id, let comment):
            if tables[id] == nil { tables[id] = Table(id, comment: comment) }
        case .deleteTable(let id):
            if tables.removeValue(forKey: id) == nil { return .notFound }
        case .addSet(let id, let schema):
            guard let table = tables[id] else { return .notFound }
            if table.sets[schema.name] != nil { return .exists }
            tables[id]?.sets[schema.name] = NamedSet(schema)
        case .deleteSet(let id, let name):
            guard let table = tables[id], table.sets[name] != nil else { return .notFound }
            let isRead = table.chains.values.contains { $0.rules.contains { $0.statements.contains { $0.setName == name } } }
            if isRead { return .busy }
            tables[id]?.sets[name] = nil
        case .addElements(let id, let schema, let elements):
            guard let table = tables[id], table.sets[schema.name] != nil else { return .notFound }
            for element in elements {
                if case .verdict(let verdict) = element.value, let chain = verdict.chain, table.chains[chain] == nil { return .notFound }
                if let old = tables[id]?.sets[schema.name]?.elements[element.key], old != element.value { return .exists }
                tables[id]?.sets[schema.name]?.elements[element.key] = element.value
            }
        case .deleteElements(let id, let schema, let elements):
            for element in elements where tables[id]?.sets[schema.name]?.elements.removeValue(forKey: element.key) == nil { return .notFound }
        case .addChain(let id, let chain):
            guard let table = tables[id] else { return .notFound }
            if table.chains[chain.name] != nil { return .exists }
            var empty = chain
            empty.rules = []
            tables[id]?.chains[chain.name] = empty
        case .deleteChain(let id, let name):
            guard let table = tables[id], table.chains[name] != nil else { return .notFound }
            if table.refers(to: name) { return .busy }
            tables[id]?.chains[name] = nil
        case .flushChain(let id, let name):
            if tables[id]?.chains[name] == nil { return .notFound }
            tables[id]?.chains[name]?.rules = []
        case .addRule(let id, let chain, let rule):
            guard let table = tables[id], table.chains[chain] != nil else { return .notFound }
            if rule.statements.contains(where: { $0.setName.map { table.sets[$0] == nil } ?? false }) { return .notFound }
            if rule.statements.contains(where: { $0.target.map { table.chains[$0] == nil } ?? false }) { return .notFound }
            tables[id]?.chains[chain]?.rules.append(rule)
        }
        return nil
    }
}

extension Table {
    /// Whether an element or a rule leads to the chain.
    fileprivate func refers(to chain: String) -> Bool {
        sets.values.contains { set in set.elements.values.contains { if case .verdict(let verdict) = $0 { verdict.chain == chain } else { false } } }
            || chains.values.contains { $0.rules.contains { $0.statements.contains { $0.target == chain } } }
    }
}

extension Statement {
    /// The chain that it jumps to.
    fileprivate var target: String? { if case .verdict(let verdict) = self { verdict.chain } else { nil } }
}
