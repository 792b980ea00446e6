/// A source of Services and EndpointSlices.
package protocol ServiceSource: Sendable {
    /// Returns the latest state, or `nil` while not all of it has been read once: rules of an earlier run stay as they are until then.
    func snapshot() async -> ServiceSnapshot?

    /// Returns what has changed since the last call of `snapshot` or of this; `nil` when the source does not know that.
    func latestChanges() async -> ServiceChanges?

    /// Returns a stream with a value after each change; several changes may be one value. Ends when the source does.
    func changes() async -> AsyncStream<Void>
}

extension ServiceSource {
    package func latestChanges() async -> ServiceChanges? { nil }
}
