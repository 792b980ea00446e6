/// Brings the kernel's tables to the wanted state. Remembers what was committed, so that an ordinary change costs no dump.
package struct RulesetSync {
    private let store: any RulesetStore
    /// The kernel's tables; `nil` when they have to be read first: at the start, after a foreign change, after a failure.
    private var committed: [TableID: Table]?
    /// The tables committed last, also when the kernel may no longer have them.
    private var lastApplied: [TableID: Table]?

    package struct Outcome: Sendable {
        package var operations = 0
        /// The kernel's tables differed from those committed last: another program has changed them.
        package var foundForeignChange = false
    }

    /// How often a state that changes while it is read is read again.
    private static let attempts = 5

    package init(store: any RulesetStore) { self.store = store }

    /// Has the next `apply` read the kernel's tables first.
    package mutating func forget() { committed = nil }

    /// Writes changes of a store that has what was written last.
    package func perform(_ operations: [Operation]) async throws -> Outcome {
        if !operations.isEmpty { try await store.apply(Transaction(operations), ifGeneration: nil) }
        var outcome = Outcome()
        outcome.operations = operations.count
        return outcome
    }

    /// As `apply`, for an owner that remembers its tables itself: reads the store's every time and keeps none.
    /// - Parameter former: what was written last; `nil` the first time.
    package mutating func apply(_ desired: [Table], former: [Table]?) async throws -> Outcome {
        committed = nil
        lastApplied = former.map(Self.byID)
        defer { (committed, lastApplied) = (nil, nil) }
        return try await apply(desired)
    }

    private static func byID(_ tables: [Table]) -> [TableID: Table] {
        Dictionary(tables.filter { !$0.isEmpty }.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Writes the difference to `desired`. A table without sets and chains should not exist.
    package mutating func apply(_ desired: [Table]) async throws -> Outcome {
        var attempt = 1
        while true {
            let knewState = committed != nil
            do {
                return try await applyOnce(desired)
            } catch let error as NftablesError {
                // The remembered state may have been wrong, and a state that was read may have changed since.
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
        committed = Self.byID(desired)
        lastApplied = committed
        outcome.operations = operations.count
        return outcome
    }

    private static func operations(from state: Table?, to desired: Table) -> [Operation] {
        guard desired.isEmpty else { return RulesetDiff.transaction(from: state, to: desired).operations }
        return state == nil ? [] : [.deleteTable(desired.id)]
    }
}
