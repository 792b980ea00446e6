import Glibc
import LinuxSystem
import Synchronization

/// A directory of one test, with a name that no other has.
struct TestFolder: Sendable {
    private static let counter = Atomic<Int>(0)

    let name: String
    let path: String

    init() throws {
        name = "swlrt-\(getpid())-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        path = "/tmp/" + name
        try Directories.make(path, mode: 0o755)
    }

    func remove() { try? TreeRemoval.remove(path) }
}
