import Glibc
import LinuxSystem
import Logging
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

    private func expect(_ path: String, gid: UInt32, mode: UInt32) throws {
        let status = try FileStatus(of: path)
        #expect(status.gid == gid && status.mode == mode, "\(path): \(status.gid) \(String(status.mode, radix: 8))")
    }

    @Test("fsGroup gets all files of a directory but those behind links and mounts, and the owners stay as users")
    func fsGroup() async throws {
        try Directories.make(disk + "/deep/er")
        try AtomicFile.replace(disk + "/deep/er/file", with: "x")
        try AtomicFile.replace(disk + "/program", with: "x")
        try AtomicFile.replace(fixture.folder.sub("precious"), with: "x")
        try Directories.make(disk + "/mounted")
        try Mounts.tmpfs(at: disk + "/mounted")
        defer { try? Mounts.unmount(disk + "/mounted") }
        chmod(fixture.folder.sub("precious"), 0o600)
        chown(disk + "/program", 12, 0)
        chmod(disk + "/program", 0o4711)
        chmod(disk + "/deep", 0o700)
        symlink(fixture.folder.sub("precious"), disk + "/link")
        mkfifo(disk + "/deep/fifo", 0o600)
        let path = try await fixture.mount(local(), fsGroup: 77)
        try expect(path, gid: 77, mode: 0o2775)
        try expect(path + "/deep", gid: 77, mode: 0o2770)
        try expect(path + "/deep/er/file", gid: 77, mode: 0o660)
        try expect(path + "/deep/fifo", gid: 77, mode: 0o660)
        try expect(path + "/program", gid: 77, mode: 0o4771)
        #expect(try FileStatus(of: path + "/program").uid == 12)
        #expect(try FileStatus(of: path + "/link").gid == 77)
        try expect(fixture.folder.sub("precious"), gid: 0, mode: 0o600)
        #expect(try FileStatus(of: disk + "/mounted").gid == 0)
    }

    @Test("fsGroup changes nothing of a read-only volume, of one that another pod has, and on request of one whose root is right")
    func fsGroupLeavesAlone() async throws {
        try AtomicFile.replace(disk + "/file", with: "x")
        chmod(disk + "/file", 0o600)
        _ = try await fixture.mount(local(isReadOnly: true), pod: "reader", fsGroup: 77)
        try expect(disk + "/file", gid: 0, mode: 0o600)
        // The reader has the storage.
        _ = try await fixture.mount(local(), pod: "second", fsGroup: 77)
        try expect(disk + "/file", gid: 0, mode: 0o600)
        for pod in ["reader", "second"] { try await fixture.volumes.tearDown(podUID: pod) }

        chown(disk, 0, 77)
        chmod(disk, 0o2770)
        _ = try await fixture.mount(local(), fsGroup: 77, keepsMatchingGroup: true)
        try expect(disk + "/file", gid: 0, mode: 0o600)
        try await fixture.volumes.tearDown(podUID: "uid-1")
        chmod(disk, 0o770)
        _ = try await fixture.mount(local(), fsGroup: 77, keepsMatchingGroup: true)
        try expect(disk + "/file", gid: 77, mode: 0o660)
        // Mounted already: a container's changes stay.
        chown(disk + "/file", 0, 0)
        _ = try await fixture.mount(local(), fsGroup: 77)
        try expect(disk + "/file", gid: 0, mode: 0o660)
    }

    @Test("files that do not let themselves be given are counted in one line of the log, and the volume is mounted")
    func refusedFiles() async throws {
        let lines = Journal<String>()
        let fixture = try StorageFixture(logger: Logger(label: "test") { _ in LineLog(lines: lines) })
        for name in ["fixed", "free", "stuck"] { try AtomicFile.replace("\(disk)/\(name)", with: "x") }
        // Not every file system has the attribute.
        guard (try? await Self.run("chattr +i \(disk)/fixed \(disk)/stuck")) != nil else { return }
        let path = try? await fixture.mount(local(), fsGroup: 77)
        // The volume is mounted: no second walk, no second line.
        _ = try? await fixture.mount(local(), fsGroup: 77)
        let statuses = ["fixed", "free", "stuck"].map { try? FileStatus(of: "\(disk)/\($0)").gid }
        _ = try await Self.run("chattr -i \(disk)/fixed \(disk)/stuck")
        #expect(path != nil && statuses == [0, 77, 0])
        #expect(lines.entries.count == 1, "\(lines.entries)")
        let line = lines.entries.first ?? ""
        for words in ["could not be given to the pod's group (fsGroup)", "\"files\": 2", "\"group\": 77"] {
            #expect(line.contains(words), "\(line)")
        }
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
        let owned = try await fixture.mount(local(device), fsGroup: 77)
        #expect(try FileStatus(of: owned + "/mine").gid == 77)
        #expect(try fixture.mounted(below: fixture.folder.path).map(\.mountPoint) == [owned])
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

    @Test("a disk that is given as it is has to be there, and to be a disk")
    func block() async throws {
        let disk = try DirectoryListing.names(at: "/dev").map { "/dev/" + $0 }.first { (try? FileStatus(of: $0))?.kind == .blockDevice }
        if let disk {
            #expect(try await fixture.mount(.block(path: disk)) == disk)
            symlink(disk, fixture.folder.sub("link"))
            #expect(try await fixture.mount(.block(path: fixture.folder.sub("link"))) == fixture.folder.sub("link"))
        }
        for (path, words) in [
            ("/dev/null", "found a characterDevice at /dev/null, wanted a block device"), ("/nonexistent", "does not exist on this node"),
            ("/dev/../dev/null", "must not contain '..'"),
        ] {
            let failure = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.block(path: path)) }
            #expect(failure?.code == .invalid && failure?.message.contains(words) == true, "\(failure?.message ?? "")")
        }
    }
}
