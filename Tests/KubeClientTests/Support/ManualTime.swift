import KubeClient
import KubeModel
import Synchronization

/// Time that stands still until a test moves it.
final class ManualTime: ClientTime {
    private struct Sleeper {
        let id: Int
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct Watcher {
        let limit: Duration
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var now: Duration = .zero
        var nextID = 0
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var watchers: [Watcher] = []
        var slept: [Duration] = []
    }

    private let state = Mutex(State())
    /// The calendar at `now() == 0`.
    let epoch: Timestamp

    init(epoch: Timestamp = Timestamp(seconds: 1_800_000_000)) {
        self.epoch = epoch
    }

    func now() -> Duration { state.withLock { $0.now } }
    func wallTime() -> Timestamp { epoch.advanced(bySeconds: now().components.seconds) }
    /// Every pause that was asked for, in order.
    var pauses: [Duration] { state.withLock { $0.slept } }

    func sleep(until deadline: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                enum Outcome {
                    case over, cancelled
                    case waiting([Watcher])
                }
                let outcome: Outcome = state.withLock { state in
                    state.slept.append(deadline - state.now)
                    if state.cancelled.contains(id) || Task.isCancelled { return .cancelled }
                    if deadline <= state.now { return .over }
                    state.sleepers.append(Sleeper(id: id, deadline: deadline, continuation: continuation))
                    let ready = state.watchers.filter { deadline - state.now < $0.limit }
                    state.watchers.removeAll { deadline - state.now < $0.limit }
                    return .waiting(ready)
                }
                switch outcome {
                case .over: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .waiting(let ready): for watcher in ready { watcher.continuation.resume() }
                }
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

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.sleepers.filter { $0.deadline <= state.now }
            state.sleepers.removeAll { $0.deadline <= state.now }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// Waits until something sleeps for less than `limit`, and lets exactly so much time pass that it wakes up.
    func passPause(shorterThan limit: Duration) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.sleepers.contains(where: { $0.deadline - state.now < limit }) { return true }
                state.watchers.append(Watcher(limit: limit, continuation: continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
        let shortest = state.withLock { state in
            state.sleepers.map { $0.deadline - state.now }.filter { $0 < limit }.min() ?? .zero
        }
        advance(by: shortest)
    }
}
