import Glibc
import LinuxSystem

/// A directory of a test, unmounted and removed with the last reference.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/swiftlet-test-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError(call: "mkdtemp", errno: errno) }
        path = String(cString: made)
    }

    deinit {
        _ = try? Mounts.unmountAll(under: path)
        try? TreeRemoval.remove(path)
    }

    func sub(_ name: String) -> String { path + "/" + name }
}
