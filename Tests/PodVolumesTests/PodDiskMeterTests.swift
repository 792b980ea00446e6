import Glibc
import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("Local storage of pods", .enabled(if: isRoot, "needs root"))
struct PodDiskMeterTests {
    private let fixture: VolumesFixture
    private let meter: PodDiskMeter
    private let folders: PodFolderStore
    private let pod = PodIdentity(namespace: "default", name: "web", uid: "uid-1")

    init() throws {
        fixture = try VolumesFixture()
        folders = PodFolderStore(root: fixture.root + "/kubelet", logs: fixture.root + "/log/pods")
        let layers = fixture.root + "/layers"
        meter = PodDiskMeter(root: fixture.root + "/kubelet", logs: folders) { "\(layers)/\($0)/upper" }
    }

    private func write(_ count: Int, to path: String) throws {
        let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
        try file.writeAll([UInt8](repeating: 1, count: count))
        try file.fsync()
    }

    private func start() async throws -> StartFiles.Paths {
        try await folders.makeFiles(
            StartFiles(pod: pod, container: "c", restartCount: 0, hosts: "127.0.0.1\tlocalhost\n", hostname: "", resolvConf: ""))
    }

    @Test("layers, logs and volumes are measured by the names of their containers and volumes")
    func parts() async throws {
        let volume = try await fixture.mount(.emptyDirectory(), name: "data")
        try write(3 << 20, to: volume + "/file")
        try write(1 << 20, to: try await start().log)
        try Directories.make(fixture.root + "/layers/id-1/upper")
        try write(2 << 20, to: fixture.root + "/layers/id-1/upper/file")
        let use = try await meter.diskUse(of: PodStorage(pod: pod, containers: ["c": "id-1", "new": "id-2"], volumes: ["data", "none"]))
        let mebis = [use.layers["c"], use.layers["new"], use.logs["c"], use.logs["new"], use.volumes["data"], use.volumes["none"], use.total]
            .map { ($0?.bytes ?? -1) >> 20 }
        #expect(mebis == [2, 0, 1, 0, 3, 0, 6])
        #expect(use.volumes["data"]?.inodes == 2 && use.volumes["none"]?.inodes == 0)
    }

    @Test("the hosts file and termination messages count for the pod (CVE-2020-8557)")
    func files() async throws {
        let paths = try await start()
        let storage = PodStorage(pod: pod, containers: ["c": "id-1"], volumes: [])
        let before = try await meter.diskUse(of: storage)
        // Three files of the pod, and two folders and a file of the message.
        #expect(before.files.inodes == 6)
        try write(2 << 20, to: paths.hosts)
        try write(3 << 20, to: paths.terminationMessage)
        let after = try await meter.diskUse(of: storage)
        #expect(after.files.bytes - before.files.bytes >= 5 << 20 - 8192)
        #expect(after.total.bytes - before.total.bytes == after.files.bytes - before.files.bytes)
    }

    @Test("names that are not single names are refused")
    func names() async throws {
        await #expect(throws: VolumeFailure.self) {
            _ = try await meter.diskUse(of: PodStorage(pod: pod, containers: [:], volumes: ["../../etc"]))
        }
    }
}
