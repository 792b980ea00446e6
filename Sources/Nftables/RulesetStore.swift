/// Where rulesets are kept: the kernel, or a fake in tests.
package protocol RulesetStore: Sendable {
    /// The table as it is now, `nil` when it is not there. Rules equal to the ones in `wanted` are given back as those,
    /// all others as `.foreign`.
    func read(_ table: TableID, wanted: Table) async throws -> Observation

    /// Performs all of a transaction or nothing of it.
    ///
    /// - Parameter generation: apply only if the ruleset is still of this generation, else throw an error whose
    ///   `isStale` is true.
    func apply(_ transaction: Transaction, ifGeneration generation: UInt32?) async throws

    /// One value for each time that somebody else changed one of `tables`, or may have done so unseen. Several changes
    /// may be told as one. Ends when the store does.
    func foreignChanges(to tables: [TableID]) async throws -> AsyncStream<Void>
}
