package import Nftables
import Synchronization

/// A ruleset store in memory that obeys the kernel's rules: all or nothing, references checked, a generation for each commit.
package final class MemoryRulesetStore: RulesetStore {
    package struct State {
        package var tables: [TableID: Table] = [:]
        package var generation: UInt32 = 1
        package var reads = 0
        package var transactions: [Transaction] = []
        /// Thrown by the next calls of `apply`, one each.
        var failures: [NftablesError] = []
        var listeners: [AsyncStream<Void>.Continuation] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var snapshot: State { state.withLock { $0 } }

    package func read(_ table: TableID, wanted: Table) async throws -> Observation {
        state.withLock { state in
            state.reads += 1
            return Observation(table: state.tables[table], generation: state.generation)
        }
    }

    package func apply(_ transaction: Transaction, ifGeneration generation: UInt32?) async throws {
        try state.withLock { state in
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            if let generation, generation != state.generation { throw NftablesError(code: .stale, detail: "changed") }
            var tables = state.tables
            for (index, operation) in transaction.operations.enumerated() {
                guard Self.perform(operation, &tables) else {
                    throw NftablesError(code: .refused, operation: operation, index: index, errno: 2, detail: "refused")
                }
            }
            state.tables = tables
            state.generation += 1
            state.transactions.append(transaction)
        }
    }

    package func foreignChanges(to tables: [TableID]) async throws -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listeners.append(continuation) }
        return stream
    }

    /// Changes the tables like another program: listeners get a value.
    package func changeFromOutside(_ body: (inout [TableID: Table]) -> Void) {
        let listeners = state.withLock { state in
            body(&state.tables)
            state.generation += 1
            return state.listeners
        }
        for listener in listeners { listener.yield() }
    }

    package func fail(with errors: [NftablesError]) { state.withLock { $0.failures = errors } }

    package func endNotifications() { for listener in state.withLock({ $0.listeners }) { listener.finish() } }

    /// Returns false for an operation that the kernel would refuse.
    private static func perform(_ operation: Operation, _ tables: inout [TableID: Table]) -> Bool {
        switch operation {
        case .addTable(let id, let comment):
            if tables[id] == nil { tables[id] = Table(id, comment: comment) }
        case .deleteTable(let id): return tables.removeValue(forKey: id) != nil
        case .addSet(let id, let schema):
            guard let table = tables[id], table.sets[schema.name] == nil else { return false }
            tables[id]?.sets[schema.name] = NamedSet(schema)
        case .deleteSet(let id, let name): return tables[id]?.sets.removeValue(forKey: name) != nil
        case .addElements(let id, let schema, let elements):
            guard let table = tables[id], table.sets[schema.name]?.schema == schema else { return false }
            for element in elements {
                if case .verdict(let verdict) = element.value, let chain = verdict.chain, table.chains[chain] == nil { return false }
                if let old = table.sets[schema.name]?.elements[element.key], old != element.value { return false }
                tables[id]?.sets[schema.name]?.elements[element.key] = element.value
            }
        case .deleteElements(let id, let schema, let elements):
            for element in elements where tables[id]?.sets[schema.name]?.elements.removeValue(forKey: element.key) == nil { return false }
        case .addChain(let id, let chain):
            guard let table = tables[id], table.chains[chain.name] == nil else { return false }
            var empty = chain
            empty.rules = []
            tables[id]?.chains[chain.name] = empty
        case .deleteChain(let id, let name):
            guard let table = tables[id], table.chains[name] != nil else { return false }
            let isReferred = table.sets.values.contains { set in
                set.elements.values.contains { if case .verdict(let verdict) = $0 { verdict.chain == name } else { false } }
            }
            if isReferred { return false }
            tables[id]?.chains[name] = nil
        case .flushChain(let id, let name):
            guard tables[id]?.chains[name] != nil else { return false }
            tables[id]?.chains[name]?.rules = []
        case .addRule(let id, let chain, let rule):
            guard let table = tables[id], table.chains[chain] != nil else { return false }
            if rule.statements.contains(where: { $0.setName.map { table.sets[$0] == nil } ?? false }) { return false }
            tables[id]?.chains[chain]?.rules.append(rule)
        }
        return true
    }
}
