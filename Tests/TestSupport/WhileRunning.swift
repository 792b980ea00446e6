/// Runs `body` beside `service`, which goes on until it is cancelled.
package func whileRunning(_ service: @escaping @Sendable () async -> Void, _ body: () async throws -> Void) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await service() }
        try await body()
        group.cancelAll()
    }
}
