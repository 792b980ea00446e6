import Glibc
import LinuxSystem

/// A look at the file system of a folder on which pods depend: it has to answer, and to take writes.
///
/// Each look has two threads of its own at most: those of a disk that never answers are lost, and no other part may miss them.
package struct DiskHealth: Sendable {
    private let path: String
    private let pool = BlockingPool(name: "disk-health", threads: 1, queueLimit: 1)
    private let deadline: Duration

    /// - Parameter path: a folder; it is made if it is missing.
    package init(_ path: String, deadline: Duration = .seconds(30)) {
        self.path = path
        self.deadline = deadline
    }

    /// - Throws: `SystemError` with the path: `.timedOut` or `.busy` without an answer, `EROFS` for a file system that is read-only.
    package func check() async throws {
        let path = path
        let stats: FileSystemStats
        do {
            stats = try await pool.run("look at \(path)", deadline: deadline) {
                try Directories.make(path)
                return try FileSystemStats(path: path)
            }
        } catch let error as SystemError where error.code == .timedOut || error.code == .busy {
            throw SystemError(code: error.code, call: "statvfs", path: path, detail: "the file system does not answer: look at its disk or server")
        }
        guard stats.isReadOnly else { return }
        throw SystemError(
            code: .systemCall, call: "statvfs", path: path, errno: EROFS,
            detail: "wanted a file system that takes writes: look for its errors in the kernel's log")
    }
}
