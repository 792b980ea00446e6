/// The names that profiles of the OCI's and of Docker's kind share.
extension SeccompProfile.Action {
    /// - Parameter errno: what `SCMP_ACT_ERRNO` and `SCMP_ACT_TRACE` answer with.
    package init?(name: String, errno: UInt16) {
        switch name {
        case "SCMP_ACT_ALLOW": self = .allow
        case "SCMP_ACT_ERRNO": self = .errno(errno)
        case "SCMP_ACT_LOG": self = .log
        case "SCMP_ACT_TRAP": self = .trap
        case "SCMP_ACT_KILL", "SCMP_ACT_KILL_THREAD": self = .killThread
        case "SCMP_ACT_KILL_PROCESS": self = .killProcess
        case "SCMP_ACT_TRACE": self = .trace(errno)
        default: return nil
        }
    }
}

extension SeccompProfile {
    /// The flag's bit for the shim; 0 if the shim has nothing to do for it, `nil` if the name is unknown.
    package static func flag(named name: String) -> UInt32? {
        switch name {
        case "SECCOMP_FILTER_FLAG_LOG": 1 << 1
        case "SECCOMP_FILTER_FLAG_SPEC_ALLOW": 1 << 2
        // One thread exists when the filter is loaded.
        case "SECCOMP_FILTER_FLAG_TSYNC": 0
        default: nil
        }
    }
}
