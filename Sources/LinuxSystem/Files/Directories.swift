import Glibc

/// Makes directories on trusted paths (the agent's own trees). For untrusted names see `SafePath`.
package enum Directories {
    /// Makes `path` with its missing parents, each with exactly `mode` (the umask does not count). Existing directories stay as they are.
    package static func make(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("mkdir", path) { mkdir(path, mode) }
            try systemCall("chmod", path) { chmod(path, mode) }
            return
        } catch {
            if error.is(EEXIST) {
                if let status = try FileStatus.ifPresent(path, follow: true), status.kind != .directory {
                    throw SystemError(call: "mkdir", path: path, errno: ENOTDIR)
                }
                return
            }
            guard error.is(ENOENT), let slash = path.lastIndex(of: "/"), slash != path.startIndex else { throw error }
            try make(String(path[..<slash]), mode: mode)
        }
        try make(path, mode: mode)
    }
}
