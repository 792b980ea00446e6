import Glibc
import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("Local volumes", .enabled(if: isRoot, "needs root")) struct LocalVolumeTests {
    private let fixture: StorageFixture
    private let disk: String

    init() throws {
        fixture = try StorageFixture()
        disk = fixture.folder.sub("disk")
        try Directories.make(disk)
    }

    private func local(_ path: String? = nil, isReadOnly: Bool = false, _ options: [String] = []) -> VolumeContent {
        .local(LocalStorage(path: path ?? disk, isReadOnly: isReadOnly, options: options, folder: "pv"))
    }

    @Test("a directory is bound into the pod's folder once, and its files outlive the pod") func directory() async throws {
        let path = try await fixture.mount(local())
        #expect(path == fixture.path("kubernetes.io~local-volume", "pv"))
        #expect(try await fixture.mount(local()) == path)
        #expect(try fixture.mounted(below: path).count == 1)
        try AtomicFile.replace(path + "/mine", with: "x")
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(!FileStatus.exists(fixture.folder.sub("kubelet/pods/uid-1")))
        #expect(try TemporaryFolder.text(disk + "/mine") == "x")
        #expect(try await fixture.mount(local(), pod: "uid-2").hasSuffix("uid-2/volumes/kubernetes.io~local-volume/pv"))
        #expect(FileStatus.exists(fixture.path("kubernetes.io~local-volume", "pv", pod: "uid-2") + "/mine"))
    }

    @Test("a read-only claim and the volume's options hold for the pod's mount alone") func readOnly() async throws {
        let path = try await fixture.mount(local(isReadOnly: true, ["noexec", "noatime"]))
        let entry = try #require(try MountTable().mount(at: path))
        for option in ["ro", "noexec", "noatime"] { #expect(entry.options.contains(option), "\(option)") }
        let error = #expect(throws: SystemError.self) { try AtomicFile.replace(path + "/mine", with: "x") }
        #expect(error?.errno == EROFS)
        try AtomicFile.replace(disk + "/mine", with: "x")
    }

    @Test(
        "what is no local volume is refused by name, and nothing is made",
        arguments: [
            ("disk/none", "does not exist on this node"), ("disk/file", "only directory and block device are supported"),
            ("disk/../disk", "must not contain '..'"),
        ])
    func refused(path: String, reason: String) async throws {
        try AtomicFile.replace(disk + "/file", with: "x")
        let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(local(fixture.folder.path + "/" + path)) }
        #expect(failure?.code == .invalid && failure?.message.contains(reason) == true, "found \(failure?.message ?? "")")
        #expect(try DirectoryListing.names(at: disk) == ["file"])
        #expect(!FileStatus.exists(fixture.path("kubernetes.io~local-volume", "pv")))
    }

    private static let hasDisks =
        access("/dev/loop-control", W_OK) == 0 && access("/usr/sbin/mkfs.ext4", X_OK) == 0 && access("/usr/sbin/losetup", X_OK) == 0

    private static func run(_ script: String) async throws -> String {
        let path = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        let run = try await ProgramRun.run("/bin/sh", ["sh", "-c", script], environment: path, deadline: .seconds(60), pool: .shared)
        try #require(run.status == .exited(0), "\(run.output)")
        return run.output
    }

    @Test("a disk is mounted with its file system, never formatted, and keeps its files", .enabled(if: hasDisks, "needs loop devices and mkfs.ext4"))
    func disks() async throws {
        let image = fixture.folder.sub("image")
        let device = try await Self.run("truncate -s 16M \(image) && losetup -f --show \(image)")
        // Detached with its last user.
        let held = try OwnedFileDescriptor.open(device, O_RDONLY)
        _ = try await Self.run("losetup -d \(device)")
        let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(local(device)) }
        #expect(failure?.message.hasSuffix("is there a file system ext4 on it? This node formats no disks") == true, "\(failure?.message ?? "")")
        #expect(!FileStatus.exists(fixture.path("kubernetes.io~local-volume", "pv")))
        _ = try await Self.run("mkfs.ext4 -q \(device)")
        let path = try await fixture.mount(local(device, ["noatime", "errors=remount-ro"]))
        let entry = try #require(try MountTable().mount(at: path))
        #expect(entry.type == "ext4" && entry.source == device && entry.options.contains("noatime"))
        try AtomicFile.replace(path + "/mine", with: "x")
        try await fixture.volumes.tearDown(podUID: "uid-1")
        let other = try await fixture.mount(local(device, isReadOnly: true), pod: "uid-2")
        #expect(FileStatus.exists(other + "/mine"))
        try await fixture.volumes.tearDown(podUID: "uid-2")
        held.close()
    }

    @Test("an option of a file system cannot be had for a directory") func optionOfFileSystem() async throws {
        let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(local(nil, ["discard"])) }
        #expect(failure?.message.hasPrefix("mount option \"discard\" cannot be had for the directory") == true)
    }
}
