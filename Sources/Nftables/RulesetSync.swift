/// Brings the kernel's tables to the wanted state. Remembers what was committed, so that an ordinary change costs no dump.
package struct RulesetSync {
    private let store: any RulesetStore
    /// What the kernel has; `nil` when it has to be read first: at the start, after a foreign change, after a failure.
    private var committed: [TableID: Table]?
    /// What was committed last, also when the kernel may no longer have it.
    private var lastApplied: [TableID: Table]?

    package struct Outcome: Sendable {
        package var operations = 0
        /// The kernel had something else than what was committed last: somebody else's doing.
        package var foundForeignChange = false
    }

    /// How often a state that changes under the reader is read again.
    private static let attempts = 5

    package init(store: any RulesetStore) { self.store = store }

    /// The kernel's state is no longer known.
    package mutating func forget() { committed = nil }

    /// A table without sets and chains is one that should not be there.
    package mutating func apply(_ desired: [Table]) async throws -> Outcome {
        var attempt = 1
        while true {
            let knewState = committed != nil
            do {
                return try await applyOnce(desired)
            } catch let error as NftablesError {
                // What was remembered may have been wrong; what was read may have been changed since.
                committed = nil
                guard (knewState || error.isStale) && attempt < Self.attempts else { throw error }
                attempt += 1
            } catch {
                committed = nil
                throw error
            }
        }
    }

    private mutating func applyOnce(_ desired: [Table]) async throws -> Outcome {
        var outcome = Outcome()
        var generation: UInt32?
        var state = committed ?? [:]
        if committed == nil {
            for table in desired {
                let observation = try await store.read(table.id, wanted: table)
                if let generation, generation != observation.generation {
                    throw NftablesError(code: .stale, detail: "the ruleset was changed between the reading of two tables")
                }
                generation = observation.generation
                state[table.id] = observation.table
            }
            outcome.foundForeignChange = lastApplied != nil && lastApplied != state
        }
        let operations = desired.flatMap { Self.operations(from: state[$0.id], to: $0) }
        if !operations.isEmpty { try await store.apply(Transaction(operations), ifGeneration: generation) }
        committed = Dictionary(desired.filter { !$0.isEmpty }.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
        lastApplied = committed
        outcome.operations = operations.count
        return outcome
    }

    private static func operations(from state: Table?, to desired: Table) -> [Operation] {
        guard desired.isEmpty else { return RulesetDiff.transaction(from: state, to: desired).operations }
        return state == nil ? [] : [.deleteTable(desired.id)]
    }
}
