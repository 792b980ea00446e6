import Synchronization

/// Passes on which pods have given everything back, to those that wait for it.
final class PodEndWatch: Sendable {
    private struct Wait {
        let uids: Set<String>
        let sink: AsyncStream<String>.Continuation
    }

    private struct State {
        var waits: [Int: Wait] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// Returns the uids of these pods as they end, each perhaps several times. The caller ends the wait.
    func begin(_ uids: Set<String>) -> (id: Int, ends: AsyncStream<String>) {
        let (ends, sink) = AsyncStream.makeStream(of: String.self)
        let id = state.withLock { state in
            state.next += 1
            state.waits[state.next] = Wait(uids: uids, sink: sink)
            return state.next
        }
        return (id, ends)
    }

    func end(_ id: Int) {
        state.withLock { $0.waits.removeValue(forKey: id) }?.sink.finish()
    }

    func note(_ uid: String) {
        let sinks = state.withLock { state in state.waits.values.filter { $0.uids.contains(uid) }.map(\.sink) }
        for sink in sinks { sink.yield(uid) }
    }
}
