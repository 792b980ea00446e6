/// A place for rulesets: the kernel, or memory in tests.
package protocol RulesetStore: Sendable {
    /// Returns the table as it is now, `nil` if it does not exist. Rules equal to the ones in `wanted` are returned as the
    /// wanted ones, all others as `.foreign`.
    func read(_ table: TableID, wanted: Table) async throws -> Observation

    /// Performs all of a transaction or nothing of it.
    ///
    /// - Parameter generation: apply only if the ruleset is still of this generation, else throw an error whose
    ///   `isStale` is true.
    func apply(_ transaction: Transaction, ifGeneration generation: UInt32?) async throws

    /// Returns a stream with a value after another program has changed one of `tables`, or may have done so unseen. Several
    /// changes may be one value. Ends when the store does.
    func foreignChanges(to tables: [TableID]) async throws -> AsyncStream<Void>
}
