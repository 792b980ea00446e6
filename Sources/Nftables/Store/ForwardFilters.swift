/// The filters that all forwarded packets pass, those of pods included, whichever program they belong to.
package protocol ForwardFilters: Sendable {
    /// Returns the base chains at the hook forward that drop a packet which no rule of theirs accepts. Tables with a rule that names `interface` are left
    /// out: they make a difference for it.
    func droppingChains(exceptNaming interface: String) async throws -> [ForwardChain]

    /// Returns a stream with a value after any program has changed a chain or a rule, or may have done so unseen. Several changes may be one value.
    func chainChanges() async throws -> AsyncStream<Void>
}

/// A base chain at the hook forward.
package struct ForwardChain: Sendable, Hashable, CustomStringConvertible {
    /// `ip`, `ip6`, `inet` or `bridge`.
    package let family: String
    package let table: String
    package let name: String

    package init(family: String, table: String, name: String) {
        self.family = family
        self.table = table
        self.name = name
    }

    /// As nft takes it: `ip filter FORWARD`.
    package var description: String { "\(family) \(table) \(name)" }
}
