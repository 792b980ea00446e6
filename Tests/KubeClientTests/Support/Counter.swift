import Synchronization

final class Counter: Sendable {
    private let value = Mutex(0)

    /// 0, 1, 2, ...
    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }

    var count: Int { value.withLock { $0 } }
}
