/// Tasks that actors start and a service's task group owns: each runs as a child task of ``run()`` and ends with it.
///
/// Every task starts at once. The callers of ``start(_:)`` bound the number of tasks.
package struct OwnedTasks: Sendable {
    package typealias Body = @Sendable () async -> Void

    private let bodies: AsyncStream<Body>
    private let continuation: AsyncStream<Body>.Continuation

    package init() {
        (bodies, continuation) = AsyncStream.makeStream(of: Body.self)
    }

    package func start(_ body: @escaping Body) {
        continuation.yield(body)
    }

    /// Runs tasks until the calling task is cancelled, then cancels those under way and waits for them.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await body in bodies { group.addTask { await body() } }
            group.cancelAll()
        }
    }
}
