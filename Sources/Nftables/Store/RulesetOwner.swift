/// The part of the program that tables belong to. A `RulesetKeeper` calls it, one call at a time.
package protocol RulesetOwner: Sendable {
    /// The tables that the owner may want. No other is read or written.
    var tableIDs: [TableID] { get }

    /// Returns the tables as they should be now, all of `tableIDs`; `nil` while that is not known yet, and the store stays as it is.
    /// A table without sets and chains should not be there.
    func wantedTables() async -> [Table]?

    /// Returns the changes since the tables or changes that were written last; `nil` when the owner does not keep track of them, or not now. Then
    /// it is asked for its tables.
    func wantedChanges() async -> [Operation]?

    /// The owner keeps track of what was written, so that the keeper needs no copy of the tables.
    var remembersTables: Bool { get }

    /// Returns the tables that were written last, without dynamic elements; `nil` before the first time, and from an owner that remembers none.
    func committedTables() async -> [Table]?

    /// Called when the store has the tables that were asked for last. An error counts as a failed sync.
    func didSync(_ outcome: RulesetSync.Outcome) async throws

    /// Called when a sync of the keeper's own has failed, with the pause before the next.
    func syncFailed(_ error: any Error, retryIn pause: Duration) async
}

extension RulesetOwner {
    package func wantedChanges() async -> [Operation]? { nil }

    package var remembersTables: Bool { false }

    package func committedTables() async -> [Table]? { nil }
}
