import KubeModel
import Synchronization
import Timing

/// Time that jumps from one sleeper to the next.
final class SimulatedTime: TimeSource {
    private struct Sleeper {
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Duration.zero
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())
    private static let epoch = Timestamp(seconds: 1_800_000_000)

    func now() -> Duration { state.withLock { $0.now } }
    func wallTime() -> Timestamp { Self.epoch.advanced(bySeconds: now().components.seconds) }

    /// The time at which the next sleeper wakes.
    var next: Duration? { state.withLock { $0.sleepers.values.map(\.deadline).min() } }

    func advance(to time: Duration) {
        let due = state.withLock { state in
            state.now = max(state.now, time)
            // In the order of their ids: the order of a dictionary is not the same in each run.
            let due = state.sleepers.filter { $0.value.deadline <= state.now }.sorted { $0.key < $1.key }
            for (id, _) in due { state.sleepers[id] = nil }
            return due.map(\.value)
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    func sleep(until deadline: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled.remove(id) != nil || Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let sleeper = state.withLock { state -> Sleeper? in
                if let sleeper = state.sleepers.removeValue(forKey: id) { return sleeper }
                state.cancelled.insert(id)
                return nil
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
