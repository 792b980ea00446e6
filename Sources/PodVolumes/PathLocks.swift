import Synchronization

/// Locks for paths, one holder at a time. Within this process only: a container could take a lock in the file system too, and keep it.
final class PathLocks: Sendable {
    private final class Lock: Sendable {
        let mutex = Mutex(())
    }

    private struct Use {
        let lock: Lock
        var count = 0
    }

    private let uses = Mutex<[String: Use]>([:])

    /// Blocking, while another is at `path`.
    func holding<T, E: Error>(_ path: String, _ body: () throws(E) -> T) throws(E) -> T {
        let lock = uses.withLock { uses in
            uses[path, default: Use(lock: Lock())].count += 1
            return uses[path]!.lock
        }
        defer {
            uses.withLock { uses in
                uses[path]!.count -= 1
                if uses[path]!.count == 0 { uses[path] = nil }
            }
        }
        return try lock.mutex.withLock { _ throws(E) in try body() }
    }
}
