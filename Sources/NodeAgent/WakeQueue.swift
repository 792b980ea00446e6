package import KubeClient
import Synchronization

/// One timer for many keys: calls `wake` for each key whose moment has come. Setting a key again replaces its moment.
package final class WakeQueue<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var deadlines: [Key: Duration] = [:]
        /// The earliest moment that a sleeper waits for.
        var armed: Duration?
    }

    private let time: any ClientTime
    private let state = Mutex(State())
    private let arms: AsyncStream<Duration>
    private let armed: AsyncStream<Duration>.Continuation

    package init(time: any ClientTime) {
        self.time = time
        (arms, armed) = AsyncStream.makeStream(of: Duration.self)
    }

    /// `nil` forgets the key.
    package func set(_ key: Key, at deadline: Duration?) {
        let sleeper: Duration? = state.withLock { state in
            state.deadlines[key] = deadline
            guard let deadline, state.armed.map({ deadline < $0 }) ?? true else { return nil }
            state.armed = deadline
            return deadline
        }
        if let sleeper { armed.yield(sleeper) }
    }

    /// Sleeps and wakes until the task is cancelled.
    package func run(_ wake: @escaping @Sendable (Key) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for await deadline in arms {
                group.addTask {
                    do { try await self.time.sleep(until: deadline) } catch { return }
                    for key in self.takeDue() { await wake(key) }
                }
            }
            group.cancelAll()
        }
    }

    private func takeDue() -> [Key] {
        let now = time.now()
        let (due, next) = state.withLock { state in
            let due = state.deadlines.filter { $0.value <= now }.map(\.key)
            for key in due { state.deadlines[key] = nil }
            state.armed = state.deadlines.values.min()
            return (due, state.armed)
        }
        if let next { armed.yield(next) }
        return due
    }
}
