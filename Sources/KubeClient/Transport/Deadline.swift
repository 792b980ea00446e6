import Timing

/// A point in `TimeSource` by which something has to be over.
struct Deadline: Sendable {
    let time: any TimeSource
    let instant: Duration

    init(after duration: Duration, time: any TimeSource) {
        self.time = time
        instant = time.now() + duration
    }

    var remaining: Duration { instant - time.now() }

    /// Runs the work and cancels it at the deadline; `expired` makes the error of that case.
    func run<Result: Sendable>(
        expired: @escaping @Sendable () -> APIError, _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await time.sleep(until: instant)
                return nil
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw expired() }
            guard let result = first else { throw expired() }
            return result
        }
    }
}
