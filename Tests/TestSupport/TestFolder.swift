import Glibc
import LinuxSystem
import Synchronization

/// A directory of one test, with a name that no other has.
package struct TestFolder: Sendable {
    private static let counter = Atomic<Int>(0)

    package let name: String
    package let path: String

    package init() throws {
        name = "swlrt-\(getpid())-\(Self.counter.add(1, ordering: .relaxed).newValue)"
        path = "/tmp/" + name
        try Directories.make(path, mode: 0o755)
    }

    package func remove() { try? TreeRemoval.remove(path) }
}
