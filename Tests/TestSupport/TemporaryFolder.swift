import FoundationEssentials
import Glibc
import LinuxSystem

/// A folder of one test below `/tmp`. What is mounted in the folder is unmounted, and the folder removed, with the last reference.
package final class TemporaryFolder: Sendable {
    package let path: String

    /// The last part of the path, which no other folder has.
    package var name: String { String(path.dropFirst("/tmp/".count)) }

    /// - Parameter mode: 0755 where programs of other users have to reach the folder.
    package init(mode: UInt32 = 0o700) throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError(call: "mkdtemp", errno: errno) }
        path = String(cString: made)
        try systemCall("chmod", path) { chmod(path, mode) }
    }

    deinit { try? remove() }

    package func sub(_ name: String) -> String { path + "/" + name }

    package func remove() throws {
        _ = try? Mounts.unmountAll(under: path)
        try TreeRemoval.remove(path)
    }

    package static func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
    }

    package static func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
    }
}

/// Runs `body` with the path of a folder that is removed afterwards. Throws if the removal fails, since that is a failure of the test too.
package func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let folder = try TemporaryFolder()
    let result = try await body(folder.path)
    try folder.remove()
    return result
}
