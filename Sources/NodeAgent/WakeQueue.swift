import KubeClient
import Synchronization
package import Timing

/// One timer for many keys: calls `wake` for each key whose time has come. Setting a key again replaces its time.
package final class WakeQueue<Key: Hashable & Sendable>: Sendable {
    private struct State {
        var deadlines: [Key: Duration] = [:]
        /// The deadlines that sleepers wait for. A sleeper whose keys have changed wakes in vain.
        var sleepers: Set<Duration> = []

        /// Returns the earliest deadline if no sleeper wakes by then, and counts a new sleeper for it.
        mutating func missingSleeper() -> Duration? {
            guard let next = deadlines.values.min(), !sleepers.contains(where: { $0 <= next }) else { return nil }
            sleepers.insert(next)
            return next
        }
    }

    private let time: any TimeSource
    private let state = Mutex(State())
    private let arms: AsyncStream<Duration>
    private let armed: AsyncStream<Duration>.Continuation

    package init(time: any TimeSource) {
        self.time = time
        (arms, armed) = AsyncStream.makeStream(of: Duration.self)
    }

    /// `nil` forgets the key.
    package func set(_ key: Key, at deadline: Duration?) {
        let sleeper: Duration? = state.withLock { state in
            state.deadlines[key] = deadline
            return state.missingSleeper()
        }
        if let sleeper { armed.yield(sleeper) }
    }

    /// Sleeps and wakes until the task is cancelled.
    package func run(_ wake: @escaping @Sendable (Key) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for await deadline in arms {
                group.addTask { await self.sleep(until: deadline, wake) }
            }
            group.cancelAll()
        }
    }

    /// Sleeps until a deadline and wakes its keys, then likewise for the next deadline, as long as there is one that no other sleeper waits for.
    private func sleep(until first: Duration, _ wake: @escaping @Sendable (Key) async -> Void) async {
        var next: Duration? = first
        while let deadline = next {
            do { try await time.sleep(until: deadline) } catch { return }
            for key in takeDue(by: deadline) { await wake(key) }
            next = state.withLock { $0.missingSleeper() }
        }
    }

    /// Takes the keys that are due when a sleeper wakes.
    private func takeDue(by sleeper: Duration) -> [Key] {
        let now = time.now()
        return state.withLock { state in
            state.sleepers.remove(sleeper)
            let due = state.deadlines.filter { $0.value <= now }.map(\.key)
            for key in due { state.deadlines[key] = nil }
            return due
        }
    }
}
