import Glibc
import LinuxSystem
import PodCore

/// Where a pod's files are under kubelet's root folder. Names come from the API and are checked to be single names.
struct VolumeLayout: Sendable {
    /// The plugin folder of `emptyDir` volumes.
    static let emptyDirectories = "kubernetes.io~empty-dir"

    /// Absolute, symlinks resolved: mountinfo shows resolved paths, and unmounting compares with it.
    let root: String

    /// Blocking.
    init(root: String) throws(SystemError) {
        try Directories.make(root, mode: 0o755)
        guard let resolved = realpath(root, nil) else { throw SystemError(call: "realpath", path: root, errno: errno) }
        defer { free(resolved) }
        self.root = String(cString: resolved)
    }

    var pods: String { root + "/pods" }

    func pod(_ uid: String) throws(VolumeFailure) -> String {
        try pods + "/" + Self.single(uid, "pod UID")
    }

    func volume(_ name: String, plugin: String, podUID: String) throws(VolumeFailure) -> String {
        try pod(podUID) + "/volumes/" + plugin + "/" + Self.single(name, "volume name")
    }

    static func single(_ name: String, _ what: String) throws(VolumeFailure) -> String {
        guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= 255, !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0)
        else {
            throw VolumeFailure(.invalid, "invalid \(what) \(name.debugDescription): wanted one name without slashes")
        }
        return name
    }
}
