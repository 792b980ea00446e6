import Glibc
import Synchronization

/// A small bounded set of threads for calls that may block: mounts, fsync, directory walks, slow devices.
///
/// Threads start on demand and end after ten idle seconds. A job whose deadline has passed is left behind: its caller
/// gets `.timedOut`, the thread stays with the call (nothing can interrupt a hung mount), and another thread may take its
/// place, at most as many again as the pool's size.
package final class BlockingPool: Sendable {
    private final class Job: Sendable {
        let run: @Sendable () -> Void
        let give: @Sendable (any Error) -> Void
        /// 0 queued, 1 running, 2 answered.
        let phase = Atomic<Int>(0)

        init(run: @escaping @Sendable () -> Void, give: @escaping @Sendable (any Error) -> Void) {
            self.run = run
            self.give = give
        }
    }

    private struct State: Sendable {
        var queue: [Job] = []
        var head = 0
        var threads = 0
        var idle = 0
        var abandoned = 0

        var waiting: Int { queue.count - head }

        mutating func pop() -> Job? {
            guard head < queue.count else { return nil }
            let job = queue[head]
            head += 1
            if head == queue.count || head > 256 {
                queue.removeFirst(head)
                head = 0
            }
            return job
        }
    }

    private let name: String
    private let size: Int
    private let queueLimit: Int
    private let state: ThreadCondition<State>

    /// For everything without a pool of its own.
    package static let shared = BlockingPool(name: "blocking", threads: 8, queueLimit: 4096)

    /// - Parameter queueLimit: jobs that may wait for a thread; more are refused with `.busy`.
    package init(name: String, threads: Int, queueLimit: Int) {
        self.name = name
        size = max(1, threads)
        self.queueLimit = queueLimit
        state = ThreadCondition(State())
    }

    /// Runs `body` on a thread of the pool.
    /// - Throws: the errors of `body`, `.timedOut` when `deadline` passes first (queueing included), `.busy` when the queue is
    ///   full, `CancellationError` when the task is cancelled before the job has started.
    package func run<T: Sendable>(
        _ operation: String = "blocking call", deadline: Duration? = nil, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        let current = Mutex<Job?>(nil)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
                let once = Once(continuation)
                let job = Job(run: { once.resume(with: Result { try body() }) }, give: { once.resume(with: .failure($0)) })
                current.withLock { $0 = job }
                if Task.isCancelled {
                    job.phase.store(2, ordering: .sequentiallyConsistent)
                    job.give(CancellationError())
                    return
                }
                do {
                    if let deadline { try arm(deadline, operation, job, once) }
                    try enqueue(job, operation)
                } catch {
                    job.phase.store(2, ordering: .sequentiallyConsistent)
                    job.give(error)
                }
            }
        } onCancel: {
            // Only a job that has not started: a started call finishes, and its caller gets its result.
            guard let job = current.withLock({ $0 }) else { return }
            if job.phase.compareExchange(expected: 0, desired: 2, ordering: .sequentiallyConsistent).exchanged {
                job.give(CancellationError())
            }
        }
    }

    /// Resumes a continuation exactly once, with the first result.
    private final class Once<T: Sendable>: Sendable {
        private let answered = Mutex(false)
        private let timer = Mutex<ReadinessLoop.Token?>(nil)
        private let continuation: CheckedContinuation<T, any Error>

        init(_ continuation: CheckedContinuation<T, any Error>) { self.continuation = continuation }

        var isAnswered: Bool { answered.withLock { $0 } }

        func setTimer(_ token: ReadinessLoop.Token) { timer.withLock { $0 = token } }

        func resume(with result: sending Result<T, any Error>) {
            let first = answered.withLock { done in
                defer { done = true }
                return !done
            }
            guard first else { return }
            if let token = timer.withLock({ $0 }), let loop = try? ReadinessLoop.shared() { loop.cancel(token) }
            continuation.resume(with: result)
        }
    }

    private func arm<T>(_ deadline: Duration, _ operation: String, _ job: Job, _ once: Once<T>) throws {
        let token = try ReadinessLoop.shared().schedule(after: deadline) { [self] result in
            guard case .failure(let reason) = result, reason.code == .timedOut, !once.isAnswered else { return }
            let before = job.phase.exchange(2, ordering: .sequentiallyConsistent)
            if before == 2 { return }
            if before == 1 { abandonThread() }
            job.give(SystemError(code: .timedOut, call: operation, errno: ETIMEDOUT, detail: "no answer within \(deadline)"))
        }
        once.setTimer(token)
    }

    private func abandonThread() {
        let starts = state.withLock { state in
            state.abandoned += 1
            return takeThread(&state)
        }
        if starts { startThread() }
    }

    private func enqueue(_ job: Job, _ operation: String) throws(SystemError) {
        let (accepted, starts) = state.withLock { state in
            guard state.waiting < queueLimit else { return (false, false) }
            state.queue.append(job)
            return (true, takeThread(&state))
        }
        guard accepted else {
            throw SystemError(code: .busy, call: operation, detail: "\(queueLimit) calls are waiting for a thread of \(name)")
        }
        if starts { startThread() } else { state.wakeOne() }
    }

    /// Returns whether one more thread is needed and allowed, and counts it.
    private func takeThread(_ state: inout State) -> Bool {
        let replaced = min(state.abandoned, size)
        guard state.waiting > state.idle, state.threads - replaced < size else { return false }
        state.threads += 1
        return true
    }

    private func startThread() {
        do {
            try DedicatedThread.start(name: name) { [self] in work() }
        } catch {
            // Without any thread the waiting callers would never get an answer.
            let stranded: [Job] = state.withLock { state in
                state.threads -= 1
                guard state.threads == 0 else { return [] }
                defer {
                    state.queue = []
                    state.head = 0
                }
                return Array(state.queue[state.head...])
            }
            for job in stranded where job.phase.exchange(2, ordering: .sequentiallyConsistent) == 0 { job.give(error) }
        }
    }

    private func work() {
        while let job = nextJob() {
            guard job.phase.compareExchange(expected: 0, desired: 1, ordering: .sequentiallyConsistent).exchanged else { continue }
            job.run()
            if job.phase.exchange(2, ordering: .sequentiallyConsistent) == 2 {
                state.withLock { $0.abandoned -= 1 }
            }
        }
    }

    private func nextJob() -> Job? {
        state.withLock { $0.idle += 1 }
        let until = KernelClock.monotonic + 10_000_000_000
        return state.wait(until: until) { (state: inout State) -> Job?? in
            guard let job = state.pop() else { return nil }
            state.idle -= 1
            return .some(.some(job))
        } expired: { state in
            state.idle -= 1
            state.threads -= 1
            return nil
        }
    }
}
