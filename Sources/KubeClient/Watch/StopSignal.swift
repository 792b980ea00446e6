import Synchronization

/// A signal that is raised once and that one task waits for.
final class StopSignal: Sendable {
    private struct State {
        var isRaised = false
        var isTaken = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// The work that this signal ends has begun.
    var isTaken: Bool { state.withLock { $0.isTaken } }
    func take() { state.withLock { $0.isTaken = true } }

    func raise() {
        let waiter = state.withLock { state in
            state.isRaised = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Returns when the signal is raised or the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.isRaised || Task.isCancelled { return true }
                    state.waiter = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
    }
}
