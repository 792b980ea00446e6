import Synchronization

/// A value whose reading may hang, such as the size of a file system: while no answer comes in time, the value of the last reading stands for it.
///
/// Readings have two threads of their own at most, so that a disk that never answers holds up nothing else.
package final class LastKnown<Value: Sendable>: Sendable {
    private let operation: String
    private let deadline: Duration
    private let read: @Sendable () throws -> Value
    private let latest = Mutex<Value?>(nil)
    private let pool: BlockingPool

    /// - Parameters:
    ///   - operation: in errors.
    ///   - read: blocking.
    package init(_ operation: String, deadline: Duration, read: @escaping @Sendable () throws -> Value) {
        self.operation = operation
        self.deadline = deadline
        self.read = read
        pool = BlockingPool(name: "last-known", threads: 1, queueLimit: 8)
    }

    /// Reads the value, or returns the last one when no answer comes in time.
    /// - Throws: the errors of `read`; `.timedOut` or `.busy` when there was no answer yet.
    package func value() async throws -> Value {
        do {
            let value = try await pool.run(operation, deadline: deadline, read)
            latest.withLock { $0 = value }
            return value
        } catch let error as SystemError where error.code == .timedOut || error.code == .busy {
            guard let last = latest.withLock({ $0 }) else { throw error }
            return last
        }
    }
}
