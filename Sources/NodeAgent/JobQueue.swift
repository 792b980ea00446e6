/// Work that actors start and a service's task group owns: each job runs as a child task of ``run()`` and ends with it.
///
/// Jobs are only handed over here, never held back: their number is bounded by who submits them.
package struct JobQueue: Sendable {
    package typealias Job = @Sendable () async -> Void

    private let jobs: AsyncStream<Job>
    private let continuation: AsyncStream<Job>.Continuation

    package init() {
        (jobs, continuation) = AsyncStream.makeStream(of: Job.self)
    }

    package func submit(_ job: @escaping Job) {
        continuation.yield(job)
    }

    /// Runs jobs until the task is cancelled, then cancels those under way and waits for them.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }
}
