/// The transaction that turns one state of a table into another.
package enum RulesetDiff {
    /// - Parameters:
    ///   - committed: the kernel's table; `nil` if it does not exist.
    ///   - desired: the table that it should have.
    package static func transaction(from committed: Table?, to desired: Table) -> Transaction {
        var work = Work(committed: committed ?? Table(desired.id), desired: desired)
        return Transaction((committed == nil ? [.addTable(desired.id, comment: desired.comment)] : []) + work.operations())
    }

    private struct Work {
        let committed: Table
        let desired: Table

        /// Order by dependency: references are removed before their targets, and targets are added before their references.
        mutating func operations() -> [Operation] {
            let table = desired.id
            let goneSets = committed.sets.values.filter { desired.sets[$0.name]?.schema != $0.schema }.map(\.name).sorted()
            let newSets = desired.sets.values.filter { committed.sets[$0.name]?.schema != $0.schema }.map(\.schema).sorted { $0.name < $1.name }
            let goneChains = committed.chains.values.filter { old in !(desired.chains[old.name]?.isDeclaredLike(old) ?? false) }
                .map(\.name).sorted()
            let newChains = desired.chains.values.filter { new in !(committed.chains[new.name]?.isDeclaredLike(new) ?? false) }
                .sorted { $0.name < $1.name }
            let stale = Set(goneSets)
            let gone = Set(goneChains)

            // A chain is written anew when its rules differ, or refer to a set or chain that is replaced.
            let rewritten = desired.chains.values.filter { chain in
                guard let old = committed.chains[chain.name], !gone.contains(chain.name) else { return true }
                return old.rules != chain.rules || Self.refers(chain, toSets: stale, orChains: gone)
            }.sorted { $0.name < $1.name }

            var result: [Operation] = []
            let flushed = gone.union(rewritten.map(\.name))
            for name in flushed.sorted() where !(committed.chains[name]?.rules.isEmpty ?? true) {
                result.append(.flushChain(table, name))
            }
            var additions: [Operation] = []
            for set in desired.sets.values.sorted(by: { $0.name < $1.name }) {
                let old = stale.contains(set.name) ? nil : committed.sets[set.name]
                let (removed, added) = Self.changes(from: old?.elements ?? [:], to: set.elements, replacing: gone)
                if !removed.isEmpty { result.append(.deleteElements(table, set.schema, removed)) }
                if !added.isEmpty { additions.append(.addElements(table, set.schema, added)) }
            }
            result += goneSets.map { .deleteSet(table, $0) }
            result += goneChains.map { .deleteChain(table, $0) }
            result += newSets.map { .addSet(table, $0) }
            result += newChains.map { .addChain(table, $0) }
            result += additions
            for chain in rewritten { result += chain.rules.map { .addRule(table, chain: chain.name, $0) } }
            return result
        }

        static func refers(_ chain: Chain, toSets sets: Set<String>, orChains chains: Set<String>) -> Bool {
            if sets.isEmpty && chains.isEmpty { return false }
            return chain.rules.contains { rule in
                rule.statements.contains { statement in
                    if let set = statement.setName, sets.contains(set) { return true }
                    if case .verdict(let verdict) = statement, let target = verdict.chain { return chains.contains(target) }
                    return false
                }
            }
        }

        /// An element with another value is removed and added: maps have no update. So is one whose chain is replaced.
        static func changes(
            from old: [PackedBytes: ElementValue], to new: [PackedBytes: ElementValue], replacing chains: Set<String>
        ) -> (removed: [Element], added: [Element]) {
            func isKept(_ value: ElementValue) -> Bool {
                if case .verdict(let verdict) = value, let chain = verdict.chain { return !chains.contains(chain) }
                return true
            }
            var removed: [Element] = []
            var added: [Element] = []
            for (key, value) in old where new[key] != value || !isKept(value) { removed.append(Element(key, value)) }
            for (key, value) in new where old[key] != value || !isKept(value) { added.append(Element(key, value)) }
            return (removed, added)
        }
    }
}
