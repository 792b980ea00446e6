package import KubeModel
import Synchronization
import Timing

/// Time that stands still until a test moves it.
package final class ManualTime: TimeSource {
    private struct Sleeper {
        let id: Int
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Duration = .zero
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
    }

    /// One sleep that a task has begun.
    package struct Sleep: Sendable {
        package let start: Duration
        package let deadline: Duration

        package var length: Duration { deadline - start }
    }

    private let state = Mutex(State())
    /// Every sleep that was begun, in order.
    package let sleeps = Journal<Sleep>()
    /// The calendar at `now() == 0`.
    package let epoch: Timestamp

    package init(epoch: Timestamp = Timestamp(seconds: 1_800_000_000)) {
        self.epoch = epoch
    }

    package func now() -> Duration { state.withLock { $0.now } }
    package func wallTime() -> Timestamp { epoch.advanced(bySeconds: now().components.seconds) }
    /// The length of every sleep, in order.
    package var pauses: [Duration] { sleeps.entries.map(\.length) }
    /// The deadlines of the current sleepers.
    package var deadlines: [Duration] { state.withLock { $0.sleepers.map(\.deadline).sorted() } }

    package func sleep(until deadline: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let (start, outcome) = state.withLock { state -> (Duration, Result<Void, any Error>?) in
                    if state.cancelled.contains(id) || Task.isCancelled { return (state.now, .failure(CancellationError())) }
                    if deadline <= state.now { return (state.now, .success(())) }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    return (state.now, nil)
                }
                if let outcome { continuation.resume(with: outcome) }
                sleeps.note(Sleep(start: start, deadline: deadline))
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                state.cancelled.insert(id)
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else { return nil }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    package func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until a task sleeps until `deadline`.
    package func waitForSleeper(until deadline: Duration) async {
        await sleeps.wait { $0.contains { $0.deadline == deadline } }
    }

    /// Waits until a task sleeps for less than `limit`, and lets exactly that much time pass.
    package func passPause(shorterThan limit: Duration) async {
        await sleeps.wait { [self] _ in shortestPause(below: limit) != nil }
        if let pause = shortestPause(below: limit) { advance(by: pause) }
    }

    /// Lets a pause pass as above if a task sleeps; otherwise other tasks run for a moment.
    package func passPauseIfAny(shorterThan limit: Duration) async {
        if let pause = shortestPause(below: limit) { advance(by: pause) } else { await Task.yield() }
    }

    /// Waits until somebody sleeps for exactly this long, then passes that time.
    package func passPause(of length: Duration) async {
        await sleeps.wait { [self] _ in state.withLock { state in state.sleepers.contains { $0.deadline - state.now == length } } }
        advance(by: length)
    }

    private func shortestPause(below limit: Duration) -> Duration? {
        state.withLock { state in state.sleepers.map { $0.deadline - state.now }.filter { $0 < limit }.min() }
    }
}
