import Synchronization
import Timing

/// One timer that can be moved. It wakes its owner at the time that was set last.
final class DelayedWake: Sendable {
    private struct State {
        var deadline: Duration?
        /// The deadlines that a sleeper waits for. A deadline that was moved away is slept through without effect.
        var sleepers: Set<Duration> = []

        /// Returns the deadline when no sleeper would be awake for it; the caller starts one.
        mutating func missingSleeper() -> Duration? {
            guard let deadline, !sleepers.contains(where: { $0 <= deadline }) else { return nil }
            sleepers.insert(deadline)
            return deadline
        }
    }

    private let time: any TimeSource
    private let state = Mutex(State())
    private let arms: AsyncStream<Duration>
    private let armed: AsyncStream<Duration>.Continuation
    private let signal: AsyncStream<Void>.Continuation
    /// One element per time that came; several may become one.
    let wakes: AsyncStream<Void>

    init(time: any TimeSource) {
        self.time = time
        (arms, armed) = AsyncStream.makeStream(of: Duration.self)
        (wakes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes after some seconds, in place of the time that was set before; nil: not at all.
    func set(seconds: Int64?) {
        let deadline = seconds.map { time.now() + .seconds(max(0, $0)) }
        let sleeper = state.withLock { state in
            state.deadline = deadline
            return state.missingSleeper()
        }
        if let sleeper { armed.yield(sleeper) }
    }

    func wake() { signal.yield() }

    func stop() {
        set(seconds: nil)
        armed.finish()
        signal.finish()
    }

    /// Sleeps and wakes until ``stop()``.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await deadline in arms {
                group.addTask { [self] in
                    do { try await time.sleep(until: deadline) } catch { return }
                    end(of: deadline)
                }
            }
            group.cancelAll()
        }
    }

    private func end(of sleeper: Duration) {
        let now = time.now()
        let (isDue, next) = state.withLock { state -> (Bool, Duration?) in
            state.sleepers.remove(sleeper)
            let isDue = state.deadline.map { $0 <= now } ?? false
            if isDue { state.deadline = nil }
            return (isDue, state.missingSleeper())
        }
        if isDue { signal.yield() }
        if let next { armed.yield(next) }
    }
}
