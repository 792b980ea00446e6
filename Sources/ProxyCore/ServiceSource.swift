/// Where Services and EndpointSlices come from.
package protocol ServiceSource: Sendable {
    /// The latest state, or `nil` while not all of it has been read once: rules of an earlier run stay as they are until then.
    func snapshot() async -> ServiceSnapshot?

    /// One value after each change, several changes told as one (a stream that keeps the newest value only). Ends when
    /// the source does.
    func changes() async -> AsyncStream<Void>
}
