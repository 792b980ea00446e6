import Synchronization

/// Counts calls from any task.
package final class Counter: Sendable {
    private let value = Mutex(0)

    package init() {}

    /// Returns 0, then 1, then 2, ...
    @discardableResult
    package func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }

    package var count: Int { value.withLock { $0 } }
}
