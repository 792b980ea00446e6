import KubeModel
import Synchronization

/// Collects the keys of changed objects for one consumer.
final class KeyMailbox: Sendable {
    private struct State {
        var keys: Set<ObjectKey> = []
        var waiter: CheckedContinuation<Set<ObjectKey>?, Never>?
    }

    private let state = Mutex(State())

    func add(_ key: ObjectKey) {
        let delivery = state.withLock { state -> (CheckedContinuation<Set<ObjectKey>?, Never>, Set<ObjectKey>)? in
            state.keys.insert(key)
            guard let waiter = state.waiter else { return nil }
            state.waiter = nil
            defer { state.keys = [] }
            return (waiter, state.keys)
        }
        if let (waiter, keys) = delivery { waiter.resume(returning: keys) }
    }

    /// All keys since the last call; waits for one. Nil when the task is cancelled.
    func next() async -> Set<ObjectKey>? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Set<ObjectKey>?? = state.withLock { state in
                    if Task.isCancelled { return .some(nil) }
                    if !state.keys.isEmpty {
                        defer { state.keys = [] }
                        return .some(state.keys)
                    }
                    state.waiter = continuation
                    return .none
                }
                if case .some(let keys) = answer { continuation.resume(returning: keys) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }
}
