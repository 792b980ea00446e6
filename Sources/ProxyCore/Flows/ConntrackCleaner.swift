/// Deletes connections from the kernel's connection tracking.
package protocol ConntrackCleaner: Sendable {
    /// Deletes the flows that are stale now. TCP connections are left alone.
    /// - Returns: how many were deleted.
    func delete(_ stale: StaleFlows) async throws -> Int
}
