/// A source of Services and EndpointSlices.
package protocol ServiceSource: Sendable {
    /// Returns the latest state, or `nil` while not all of it has been read once: rules of an earlier run stay as they are until then.
    func snapshot() async -> ServiceSnapshot?

    /// Returns a stream with a value after each change; several changes may be one value. Ends when the source does.
    func changes() async -> AsyncStream<Void>
}
