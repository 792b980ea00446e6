import Synchronization

/// Has callers take turns, in the order in which they came.
package final class SerialTurn: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// How many at the front of `waiting` have had their turn: thousands may wait, and each removal would move them all.
        var served = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// Returns when it is the caller's turn, which ``end()`` must end.
    package func take() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                defer { state.isTaken = true }
                if state.isTaken { state.waiting.append(continuation) }
                return !state.isTaken
            }
            if isFree { continuation.resume() }
        }
    }

    package func end() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.served < state.waiting.count else {
                state = State()
                return nil
            }
            defer { state.served += 1 }
            if state.served > 256 {
                state.waiting.removeFirst(state.served)
                state.served = 0
            }
            return state.waiting[state.served]
        }
        next?.resume()
    }
}
