import Synchronization

/// A value behind a lock.
package final class Locked<Value: Sendable>: Sendable {
    private let storage: Mutex<Value>

    package init(_ value: Value) { storage = Mutex(value) }

    package var value: Value { storage.withLock { $0 } }
    package func set(_ value: Value) { storage.withLock { $0 = value } }
}
