import Glibc
import LinuxSystem
import PodCore
import PodVolumes

/// A kubelet folder of a test's own; what is mounted in it is unmounted with the last reference.
final class VolumesFixture: Sendable {
    let root: String
    let volumes: PodVolumes

    init() throws {
        var template = Array("/tmp/swiftlet-test-volumes-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw SystemError(call: "mkdtemp", errno: errno) }
        root = String(cString: made)
        volumes = PodVolumes(root: root + "/kubelet")
    }

    deinit {
        _ = try? Mounts.unmountAll(under: root)
        try? TreeRemoval.remove(root)
    }

    func mount(
        _ content: VolumeContent, name: String = "vol", pod: String = "uid-1", fsGroup: UInt32? = nil
    ) async throws -> String {
        try await volumes.mount(VolumeRequest(podUID: pod, name: name, content: content, fsGroup: fsGroup))
    }

    static func file(_ path: String, _ content: String, mode: UInt16 = 0o644, uid: UInt32? = nil) -> VolumeFile {
        VolumeFile(path: path, mode: mode, content: Array(content.utf8), uid: uid)
    }
}

extension FileStatus {
    static func exists(_ path: String) -> Bool { (try? FileStatus.ifPresent(path)).flatMap { $0 } != nil }
}
