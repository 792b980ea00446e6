import CLinux
import Glibc
import LinuxSystem
import PodCore

/// A call on a mount whose server may not answer. It is made in a process of its own (`VolumeCallProgram`), which can be killed.
enum VolumeCall: Sendable, Hashable {
    case unmount(String, lazily: Bool = false, forced: Bool = false)
    /// Asks the server for the space of its file system.
    case statistics(String)
    case makeReadOnly(String)

    var path: String {
        switch self {
        case .unmount(let path, _, _), .statistics(let path), .makeReadOnly(let path): path
        }
    }

    var arguments: [String] {
        switch self {
        case .unmount(let path, let lazily, let forced): ["unmount", lazily ? "lazily" : "at-once", forced ? "forced" : "patiently", path]
        case .statistics(let path): ["statistics", path]
        case .makeReadOnly(let path): ["make-read-only", path]
        }
    }

    init?(arguments: [String]) {
        switch (arguments.first, arguments.count) {
        case ("unmount", 4): self = .unmount(arguments[3], lazily: arguments[1] == "lazily", forced: arguments[2] == "forced")
        case ("statistics", 2): self = .statistics(arguments[1])
        case ("make-read-only", 2): self = .makeReadOnly(arguments[1])
        default: return nil
        }
    }

    /// Makes the call, for as long as it takes. Returns its answer as text.
    func perform() throws(SystemError) -> String {
        switch self {
        case .unmount(let path, let lazily, let forced):
            try Mounts.unmount(path, lazily: lazily, forced: forced)
            return ""
        case .statistics(let path): return VolumeStatistics(try FileSystemStats(path: path)).text
        case .makeReadOnly(let path):
            try Mounts.setAttributes(of: try OwnedFileDescriptor.open(path, SWL_O_PATH | O_DIRECTORY | O_NOFOLLOW), set: .readOnly)
            return ""
        }
    }
}
