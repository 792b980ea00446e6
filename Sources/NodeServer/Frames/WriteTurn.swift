import Synchronization

/// Lets one task at a time write to a connection, in the order in which they came: many writers that wait for room would otherwise all write at
/// once when there is some.
final class WriteTurn: Sendable {
    private struct State {
        var isTaken = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var served = 0
    }

    private let state = Mutex(State())

    /// Returns when it is the caller's turn; ``leave()`` ends the turn.
    func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state -> Bool in
                defer { state.isTaken = true }
                if state.isTaken { state.waiting.append(continuation) }
                return !state.isTaken
            }
            if isFree { continuation.resume() }
        }
    }

    func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.served < state.waiting.count else {
                state.waiting = []
                state.served = 0
                state.isTaken = false
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
