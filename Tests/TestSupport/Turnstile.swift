import Synchronization

/// Holds callers until a test lets them through, one caller for each permit.
package final class Turnstile: Sendable {
    private struct State {
        var permits: Int
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    package init(permits: Int = .max) {
        state = Mutex(State(permits: permits))
    }

    package func pass() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.permits > 0 else {
                    state.waiters.append(continuation)
                    return false
                }
                if state.permits != .max { state.permits -= 1 }
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    /// Lets the caller that has waited longest through, or the next caller.
    package func permitOne() {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if !state.waiters.isEmpty { return state.waiters.removeFirst() }
            state.permits += 1
            return nil
        }
        waiter?.resume()
    }

    package func open() {
        let waiters = state.withLock { state in
            state.permits = .max
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
