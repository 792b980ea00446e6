import LinuxSystem
import PodCore
import PodVolumes
import TestSupport

/// A kubelet folder of a test's own; what is mounted in it is unmounted with the last reference.
final class VolumesFixture: Sendable {
    let volumes: PodVolumes
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        volumes = PodVolumes(root: folder.path + "/kubelet", logger: .silent)
    }

    var root: String { folder.path }

    func mount(
        _ content: VolumeContent, name: String = "vol", pod: String = "uid-1", fsGroup: UInt32? = nil, userNamespace: PodUserNamespace? = nil
    ) async throws -> String {
        try await volumes.mount(VolumeRequest(podUID: pod, name: name, content: content, fsGroup: fsGroup, userNamespace: userNamespace))
    }

    static func file(_ path: String, _ content: String, mode: UInt16 = 0o644, uid: UInt32? = nil) -> VolumeFile {
        VolumeFile(path: path, mode: mode, content: .text(content), uid: uid)
    }
}

extension FileStatus {
    static func exists(_ path: String) -> Bool { (try? FileStatus.ifPresent(path)).flatMap { $0 } != nil }
}
