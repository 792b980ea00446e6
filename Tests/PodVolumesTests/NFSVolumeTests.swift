import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("NFS volumes, with a script as mount.nfs", .enabled(if: StorageFixture.hasHelper, "needs root and the swiftlet program beside the tests"))
struct NFSVolumeTests {
    private static let plugin = "kubernetes.io~nfs"

    private static func export(_ options: [String] = [], isReadOnly: Bool = false) -> VolumeContent {
        .nfs(NFSExport(server: "nas", path: "/a b,c", isReadOnly: isReadOnly, options: options, folder: "pv"))
    }

    @Test("mount.nfs gets source, folder and options, and the volume is where kubelet has it") func mounts() async throws {
        let fixture = try StorageFixture(mountScript: #"printf '%s\n' "$@" > "$(dirname "$0")/words"; mount -t tmpfs "$1" "$2""#)
        let path = try await fixture.mount(Self.export(["nfsvers=4.1", "hard"]))
        #expect(path == fixture.path(Self.plugin, "pv"))
        #expect(try TemporaryFolder.text(fixture.folder.sub("words")) == "nas:/a b,c\n\(path)\n-o\nnfsvers=4.1,hard\n")
        // Again: what is mounted stays.
        try AtomicFile.replace(path + "/mine", with: "x")
        #expect(try await fixture.mount(Self.export(["nfsvers=4.1", "hard"])) == path)
        #expect(try fixture.mounted(below: path).count == 1)
        #expect(FileStatus.exists(path + "/mine"))
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try fixture.mounted(below: fixture.folder.path) == [])
    }

    @Test("a read-only claim is read-only for itself alone") func readOnly() async throws {
        let fixture = try StorageFixture(mountScript: #"mount -t tmpfs "$1" "$2""#)
        let path = try await fixture.mount(Self.export(isReadOnly: true))
        let entry = try #require(try MountTable().mount(at: path))
        #expect(entry.options.contains("ro") && entry.superOptions.contains("rw"))
    }

    @Test("a mount that an agent has left before it was read-only becomes so before it is used") func readOnlyLater() async throws {
        let fixture = try StorageFixture(mountScript: #"mount -t tmpfs "$1" "$2""#)
        let path = try await fixture.mount(Self.export())
        #expect(try MountTable.mount(at: path)?.options.contains("ro") == false)
        #expect(try await fixture.mount(Self.export(isReadOnly: true)) == path)
        #expect(try MountTable.mount(at: path)?.options.contains("ro") == true)
        #expect(try fixture.mounted(below: path).count == 1)
    }

    @Test("the words of mount.nfs are the reason, and no folder stays") func refused() async throws {
        let fixture = try StorageFixture(mountScript: "echo 'mount.nfs: access denied by server while mounting' >&2; exit 32")
        let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(Self.export()) }
        #expect(failure?.message == "mounting nas:/a b,c failed: mount.nfs: access denied by server while mounting (exit status 32)")
        #expect(!FileStatus.exists(fixture.path(Self.plugin, "pv")))
    }

    @Test("a mount without an answer is given up, and one that succeeds too late is undone") func silent() async throws {
        let fixture = try StorageFixture(mountScript: #"mount -t tmpfs "$1" "$2"; exec sleep 1000000"#, patience: .seconds(3))
        let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(Self.export()) }
        #expect(failure?.code == .busy)
        #expect(failure?.message.hasPrefix("mounting nas:/a b,c: no answer of the file server within 3.0 seconds") == true)
        #expect(try fixture.mounted(below: fixture.folder.path) == [])
        #expect(!FileStatus.exists(fixture.path(Self.plugin, "pv")))
    }

    @Test("a node without mount.nfs names the package") func missing() async throws {
        let fixture = try StorageFixture()
        let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(Self.export()) }
        #expect(failure?.message.contains("install nfs-common (Debian, Ubuntu)") == true)
    }
}

@Suite(
    "File systems that do not answer",
    .enabled(if: StorageFixture.hasHelper && SilentFileSystem.isPossible, "needs root, FUSE and the swiftlet program"), .timeLimit(.minutes(2)))
struct SilentVolumeTests {
    @Test("a pod with a silent file system ends, and another pod's volumes do not wait for it") func tearDown() async throws {
        let fixture = try StorageFixture(patience: .seconds(2))
        let path = fixture.path("kubernetes.io~nfs", "pv")
        let silent = try SilentFileSystem(at: path)
        async let end: Void = fixture.volumes.tearDown(podUID: "uid-1")
        // More at once than there are threads.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    _ = try await fixture.mount(.memory(sizeLimit: nil), pod: "other-\(number)")
                    try await fixture.volumes.tearDown(podUID: "other-\(number)")
                }
            }
            try await group.waitForAll()
        }
        try await end
        #expect(try fixture.mounted(below: fixture.folder.path) == [])
        #expect(!FileStatus.exists(fixture.folder.sub("kubelet/pods/uid-1")))
        #expect(silent.isAborted)
    }

    @Test("a volume whose server has stopped answering is not given to a container") func check() async throws {
        let fixture = try StorageFixture(mountScript: "exit 1", patience: .seconds(2))
        let path = fixture.path("kubernetes.io~nfs", "pv")
        let silent = try SilentFileSystem(at: path)
        let failure = await #expect(throws: VolumeFailure.self) {
            _ = try await fixture.mount(.nfs(NFSExport(server: "nas", path: "/x", folder: "pv")))
        }
        #expect(failure?.code == .busy && failure?.message.hasPrefix("the file server of nas:/x does not answer") == true)
        // Its space is left out, that of the others is there.
        _ = try await fixture.mount(.memory(sizeLimit: 1 << 20), name: "memory")
        let statistics = try await fixture.volumes.statistics(podUID: "uid-1")
        #expect(statistics.keys.sorted() == ["memory"] && statistics["memory"]?.capacityBytes == 1 << 20)
        let all = try await fixture.volumes.statisticsOfVolumes()
        #expect(all == ["uid-1": statistics])
        try await fixture.volumes.tearDown(podUID: "uid-1")
        withExtendedLifetime(silent) {}
    }
}
