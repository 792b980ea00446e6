import Glibc
import Synchronization

/// A small bounded set of threads for calls that may block: mounts, fsync, directory walks, slow devices.
///
/// Threads start on demand and end after ten idle seconds. A job whose deadline has passed is left behind: its caller
/// gets `.timedOut`, the thread stays with the call (nothing can interrupt a hung mount), and another thread may take its
/// place, at most as many again as the pool's size.
///
/// Calls that name a path run one at a time for each path. After one of them was left behind, others on its path fail at once, without a
/// thread, until it returns.
package final class BlockingPool: Sendable {
    private final class Job: Sendable {
        let operation: String
        let path: String?
        /// Nanoseconds since 1970.
        let called = KernelClock.realtime
        let run: @Sendable () -> Void
        let give: @Sendable (any Error) -> Void
        /// 0 queued, 1 running, 2 answered, 3 returned.
        let phase = Atomic<Int>(0)

        init(_ operation: String, _ path: String?, run: @escaping @Sendable () -> Void, give: @escaping @Sendable (any Error) -> Void) {
            self.operation = operation
            self.path = path
            self.run = run
            self.give = give
        }

        /// Answers a job that has not started and has no answer yet.
        func fail(_ error: any Error) {
            if phase.exchange(2, ordering: .sequentiallyConsistent) == 0 { give(error) }
        }
    }

    private enum Admission {
        case accepted(startsThread: Bool)
        case full
        case hangs(since: Int64)
    }

    private struct State: Sendable {
        var queue: [Job] = []
        var head = 0
        var threads = 0
        var idle = 0
        /// The running calls whose callers have given up.
        var abandoned: [ObjectIdentifier: Job] = [:]
        var turns = PathTurns<Job>()

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
    /// - Parameter path: what the call may hang at, if anything.
    /// - Throws: the errors of `body`, `.timedOut` when `deadline` passes first (queueing included), `.busy` when the queue is
    ///   full or an earlier call on the path hangs, `CancellationError` when the task is cancelled before the job has started.
    package func run<T: Sendable>(
        _ operation: String = "blocking call", on path: String? = nil, deadline: Duration? = nil, _ body: @escaping @Sendable () throws -> T
    ) async throws -> T {
        let current = Mutex<Job?>(nil)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<T, any Error>) in
                let once = Once(continuation)
                let job = Job(operation, path, run: { once.resume(with: Result { try body() }) }, give: { once.resume(with: .failure($0)) })
                current.withLock { $0 = job }
                if Task.isCancelled {
                    job.phase.store(2, ordering: .sequentiallyConsistent)
                    job.give(CancellationError())
                    return
                }
                do {
                    if let deadline { try arm(deadline, job, once) }
                    try enqueue(job)
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

    private func arm<T>(_ deadline: Duration, _ job: Job, _ once: Once<T>) throws {
        let token = try ReadinessLoop.shared().schedule(after: deadline) { [self] result in
            guard case .failure(let reason) = result, reason.code == .timedOut, !once.isAnswered else { return }
            let before = job.phase.exchange(2, ordering: .sequentiallyConsistent)
            if before >= 2 { return }
            if before == 1 { abandon(job) }
            let detail = "no answer within \(deadline)"
            job.give(SystemError(code: .timedOut, call: job.operation, path: job.path, errno: ETIMEDOUT, detail: detail))
        }
        once.setTimer(token)
    }

    private func abandon(_ job: Job) {
        let (starts, stranded): (Bool, [Job]) = state.withLock { state in
            // It may have returned at the last moment.
            guard job.phase.load(ordering: .sequentiallyConsistent) == 2 else { return (false, []) }
            state.abandoned[ObjectIdentifier(job)] = job
            return (takeThread(&state), job.path.map { state.turns.giveUp($0, job, since: job.called) } ?? [])
        }
        if starts { startThread() }
        for other in stranded { other.fail(Self.hangs(other, since: job.called)) }
    }

    private func enqueue(_ job: Job) throws(SystemError) {
        let admission: Admission = state.withLock { state in
            guard state.waiting + state.turns.waitingCount < queueLimit else { return .full }
            switch job.path.map({ state.turns.enter($0, job) }) ?? .begin {
            case .hangs(let since): return .hangs(since: since)
            case .wait: return .accepted(startsThread: false)
            case .begin:
                state.queue.append(job)
                return .accepted(startsThread: takeThread(&state))
            }
        }
        switch admission {
        case .accepted(true): startThread()
        case .accepted(false): state.wakeOne()
        case .hangs(let since): throw Self.hangs(job, since: since)
        case .full:
            throw SystemError(code: .busy, call: job.operation, detail: "\(queueLimit) calls are waiting for a thread of \(name)")
        }
    }

    private static func hangs(_ job: Job, since: Int64) -> SystemError {
        SystemError(
            code: .busy, call: job.operation, path: job.path,
            detail: "hangs since \(KernelClock.text(since)): an earlier call on it has not returned. Its file system does not answer: "
                + "repair it, or unmount it by force (umount -f -l)")
    }

    /// Why calls get no thread any more: calls that were left behind have them all. `nil` while a thread can be had.
    package var problem: String? {
        let abandoned = state.withLock { Array($0.abandoned.values) }
        guard abandoned.count >= 2 * size else { return nil }
        let places = abandoned.sorted { $0.called < $1.called }.map { "\($0.path ?? $0.operation) since \(KernelClock.text($0.called))" }
        let more = places.count > 4 ? " and \(places.count - 4) more" : ""
        return "all \(abandoned.count) threads of the pool \(name) hang: " + places.prefix(4).joined(separator: ", ") + more
            + ". Their file systems do not answer: repair them, or unmount them by force (umount -f -l)"
    }

    /// Returns whether one more thread is needed and allowed, and counts it.
    private func takeThread(_ state: inout State) -> Bool {
        let replaced = min(state.abandoned.count, size)
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
                return Array(state.queue[state.head...]) + state.turns.removeAll()
            }
            for job in stranded { job.fail(error) }
        }
    }

    private func work() {
        while let job = nextJob() {
            var wasAbandoned = false
            if job.phase.compareExchange(expected: 0, desired: 1, ordering: .sequentiallyConsistent).exchanged {
                job.run()
                wasAbandoned = job.phase.exchange(3, ordering: .sequentiallyConsistent) == 2
            }
            guard wasAbandoned || job.path != nil else { continue }
            state.withLock { state in
                state.abandoned[ObjectIdentifier(job)] = nil
                // This thread is about to look for a job itself.
                if let path = job.path, let next = state.turns.leave(path, job) { state.queue.append(next) }
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
