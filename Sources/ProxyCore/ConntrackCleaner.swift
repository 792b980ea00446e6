/// Ends UDP flows that go on to where they should not: conntrack remembers the endpoint of a flow for as long as the
/// client keeps sending, whatever the rules say by then.
package protocol ConntrackCleaner: Sendable {
    /// Deletes the UDP connections to one of the frontends that are answered by none of its endpoints.
    /// - Returns: how many were deleted.
    func deleteStaleFlows(_ wanted: [Frontend: Set<Endpoint.Target>]) async throws -> Int
}
