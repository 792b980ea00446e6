import Synchronization

/// One of a limited number of queries at once. Given back with the last reference.
final class Permit: Sendable {
    final class Pool: Sendable {
        private let left: Mutex<Int>

        init(_ count: Int) { left = Mutex(count) }

        /// Returns `nil` when all are taken.
        func take() -> Permit? {
            let isFree = left.withLock { left in
                guard left > 0 else { return false }
                left -= 1
                return true
            }
            return isFree ? Permit(self) : nil
        }

        fileprivate func giveBack() { left.withLock { $0 += 1 } }
    }

    private let pool: Pool

    private init(_ pool: Pool) { self.pool = pool }

    deinit { pool.giveBack() }
}
