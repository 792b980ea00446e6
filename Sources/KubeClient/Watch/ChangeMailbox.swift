package import KubeModel
import Synchronization

/// Collects changes for one consumer, newest per object: a slow consumer costs no more memory than the objects themselves.
package final class ChangeMailbox<Object: KubeObject>: Sendable {
    private struct State {
        var changes: [ObjectKey: ObjectChange<Object>] = [:]
        /// Set by the first complete list too, even when it is empty.
        var hasNews = false
        var waiter: CheckedContinuation<[ObjectKey: ObjectChange<Object>]?, Never>?
        var isFinished = false
    }

    private let state = Mutex(State())

    package init(initial: [ObjectKey: Object]?) {
        if let initial { add(initial.mapValues { .stored($0) }) }
    }

    /// Merges changes in. An empty dictionary reports that the list is complete.
    package func add(_ changes: [ObjectKey: ObjectChange<Object>]) {
        let delivery: (CheckedContinuation<[ObjectKey: ObjectChange<Object>]?, Never>, [ObjectKey: ObjectChange<Object>])? = state.withLock { state in
            guard !state.isFinished else { return nil }
            if state.changes.isEmpty {
                state.changes = changes
            } else {
                for (key, change) in changes { state.changes[key] = change }
            }
            state.hasNews = true
            guard let waiter = state.waiter else { return nil }
            state.waiter = nil
            return (waiter, Self.take(&state))
        }
        if let (waiter, news) = delivery { waiter.resume(returning: news) }
    }

    package func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// All changes since the last call; waits for some. Nil after `finish` or when the task is cancelled. One caller at a time.
    func next() async -> [ObjectKey: ObjectChange<Object>]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: [ObjectKey: ObjectChange<Object>]?? = state.withLock { state in
                    if state.isFinished || Task.isCancelled { return .some(nil) }
                    if state.hasNews { return .some(Self.take(&state)) }
                    state.waiter = continuation
                    return .none
                }
                if case .some(let news) = answer { continuation.resume(returning: news) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }

    private static func take(_ state: inout State) -> [ObjectKey: ObjectChange<Object>] {
        state.hasNews = false
        defer { state.changes = [:] }
        return state.changes
    }
}
