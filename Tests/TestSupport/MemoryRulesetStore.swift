package import Nftables
import Synchronization

/// A ruleset store in memory that keeps the kernel's promises: all or nothing, references checked, a generation per commit.
package final class MemoryRulesetStore: RulesetStore, DynamicElementStore {
    package struct State {
        package var tables: [TableID: Table] = [:]
        package var generation: UInt32 = 1
        package var reads = 0
        package var transactions: [Transaction] = []
        /// Thrown by the next calls of `apply`, one each.
        var failures: [NftablesError] = []
        var listeners: [(tables: [TableID], continuation: AsyncStream<Void>.Continuation)] = []
    }

    private let state = Mutex(State())

    package init() {}

    package var snapshot: State { state.withLock { $0 } }

    package func read(_ table: TableID, wanted: Table) async throws -> Observation {
        state.withLock { state in
            state.reads += 1
            return Observation(table: state.tables[table].map { Self.recognised($0, wanted) }, generation: state.generation)
        }
    }

    package func apply(_ transaction: Transaction, ifGeneration generation: UInt32?) async throws {
        if transaction.isEmpty { return }
        try state.withLock { state in
            if !state.failures.isEmpty { throw state.failures.removeFirst() }
            if let generation, generation != state.generation {
                throw NftablesError(code: .stale, detail: "the ruleset was changed since it was read")
            }
            state.tables = try Self.perform(transaction, on: state.tables)
            state.generation += 1
            state.transactions.append(transaction)
        }
    }

    package func removeElements(of schema: SetSchema, in table: TableID, where isStale: @escaping @Sendable (Element) -> Bool) async throws -> Int {
        state.withLock { state in
            let found = state.tables[table]?.sets[schema.name]?.elements ?? [:]
            let stale = found.filter { isStale(Element($0.key, $0.value)) }
            for key in stale.keys { state.tables[table]?.sets[schema.name]?.elements[key] = nil }
            return stale.count
        }
    }

    package func foreignChanges(to tables: [TableID]) async throws -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        state.withLock { $0.listeners.append((tables, continuation)) }
        return stream
    }

    /// Changes tables like another program: listeners get a value.
    package func changeFromOutside(_ body: (inout [TableID: Table]) -> Void) {
        let listeners = state.withLock { state in
            let before = state.tables
            body(&state.tables)
            state.generation += 1
            return state.listeners.filter { $0.tables.contains { before[$0] != state.tables[$0] } }
        }
        for listener in listeners { listener.continuation.yield() }
    }

    /// Changes elements as packets do: without a value for listeners, and without a new generation.
    package func changeFromPackets(_ body: (inout [TableID: Table]) -> Void) { state.withLock { body(&$0.tables) } }

    /// Performs a transaction like another program.
    package func applyFromOutside(_ transaction: Transaction) throws {
        let tables = try Self.perform(transaction, on: snapshot.tables)
        changeFromOutside { $0 = tables }
    }

    package func fail(with errors: [NftablesError]) { state.withLock { $0.failures = errors } }

    package func endNotifications() { for listener in state.withLock({ $0.listeners }) { listener.continuation.finish() } }

    /// The table as the kernel gives it back: rules that are not the wanted ones at their place are foreign, a set with another declaration
    /// equals no wanted one.
    private static func recognised(_ table: Table, _ wanted: Table) -> Table {
        var table = table
        for (name, chain) in table.chains {
            let expected = wanted.chains[name]?.rules ?? []
            for (index, rule) in chain.rules.enumerated() where index >= expected.count || rule != expected[index] {
                table.chains[name]?.rules[index] = Rule(.foreign(NftText.text(of: rule, in: table.id.family)))
            }
        }
        for (name, set) in table.sets where wanted.sets[name]?.schema != set.schema {
            table.sets[name] = NamedSet(SetSchema(name: name, key: .types([])))
        }
        return table
    }
}
