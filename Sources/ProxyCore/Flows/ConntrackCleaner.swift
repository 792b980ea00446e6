/// Deletes connections from the kernel's connection tracking.
package protocol ConntrackCleaner: Sendable {
    /// Deletes the UDP flows that are stale now.
    /// - Returns: how many were deleted.
    func delete(_ stale: StaleFlows) async throws -> Int
}
