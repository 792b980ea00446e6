import Synchronization

/// The calls of a fake, in order. A test waits until a call has come instead of looking again and again.
package final class Journal<Entry: Sendable>: Sendable {
    private struct Waiter {
        let id: Int
        let isMet: @Sendable ([Entry]) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var entries: [Entry] = []
        var waiters: [Waiter] = []
        var nextID = 0
    }

    private let state = Mutex(State())

    package var entries: [Entry] { state.withLock { $0.entries } }

    package init() {}

    package func note(_ entry: Entry) {
        let ready = state.withLock { state in
            state.entries.append(entry)
            let ready = state.waiters.filter { $0.isMet(state.entries) }
            state.waiters.removeAll { waiter in ready.contains { $0.id == waiter.id } }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
    }

    /// Waits until the entries are as wanted; returns them. A cancelled wait returns what is there, for the test to fail upon.
    @discardableResult
    package func wait(until isMet: @escaping @Sendable ([Entry]) -> Bool) async -> [Entry] {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if isMet(state.entries) || Task.isCancelled { return true }
                    state.waiters.append(Waiter(id: id, isMet: isMet, continuation: continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume()
        }
        return entries
    }

    @discardableResult
    package func wait(count: Int) async -> [Entry] { await wait { $0.count >= count } }
}
