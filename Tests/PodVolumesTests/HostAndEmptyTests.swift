import Glibc
import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "needs root")) struct HostPathTests {
    let fixture: VolumesFixture

    init() throws {
        fixture = try VolumesFixture()
        try Directories.make(fixture.root + "/dir")
        try AtomicFile.replace(fixture.root + "/file", with: "x")
        symlink("dir", fixture.root + "/link")
        let socket = try descriptorCall("socket") { Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = fixture.root + "/socket"
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        _ = try withUnsafePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try systemCall("bind") { socket.withRawValue { bind($0, address, socklen_t(MemoryLayout<sockaddr_un>.size)) } }
            }
        }
    }

    @Test(
        "a path of the right type is used or made",
        arguments: [
            ("", "dir"), ("", "file"), ("", "socket"), ("Directory", "dir"), ("Directory", "link"), ("DirectoryOrCreate", "dir"),
            ("DirectoryOrCreate", "new/deep"), ("File", "file"), ("FileOrCreate", "file"), ("FileOrCreate", "newfile"), ("Socket", "socket"),
        ]) func rightTypes(type: String, name: String) async throws
    {
        let path = fixture.root + "/" + name
        #expect(try await fixture.mount(.hostPath(path: path, type: type)) == path)
        #expect(FileStatus.exists(path))
        if name.hasPrefix("new") {
            let status = try FileStatus(of: path)
            #expect(status.mode == (type == "FileOrCreate" ? 0o644 : 0o755))
            #expect(status.kind == (type == "FileOrCreate" ? .file : .directory))
        }
    }

    @Test("devices are recognised by type")
    func devices() async throws {
        #expect(try await fixture.mount(.hostPath(path: "/dev/null", type: "CharDevice")) == "/dev/null")
        let made = fixture.root + "/made"
        #expect(try await fixture.mount(.hostPath(path: made, type: "")) == made)
        #expect(try FileStatus(of: made).kind == .directory)
    }

    @Test(
        "a path of the wrong type is refused with kubelet's text",
        arguments: [
            ("Directory", "file", "is not a directory"), ("Directory", "none", "is not a directory"),
            ("DirectoryOrCreate", "file", "is not a directory"),
            ("File", "dir", "is not a file"), ("File", "none", "is not a file"), ("File", "socket", "is not a file"),
            ("FileOrCreate", "dir", "is not a file"), ("Socket", "file", "is not a socket file"),
            ("CharDevice", "file", "is not a character device"), ("BlockDevice", "file", "is not a block device"),
        ]) func wrongTypes(type: String, name: String, message: String) async throws
    {
        let path = fixture.root + "/" + name
        let error = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.hostPath(path: path, type: type)) }
        #expect(error?.code == .invalid)
        #expect(error?.message == "hostPath type check failed: \(path) \(message)")
        if name == "none" { #expect(!FileStatus.exists(path)) }
    }

    @Test("malformed paths and types are refused")
    func mistakes() async throws {
        let dots = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.hostPath(path: "/tmp/../etc", type: "")) }
        #expect(dots?.message == "invalid HostPath `/tmp/../etc`: must not contain '..'")
        let type = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.hostPath(path: "/tmp", type: "Folder")) }
        #expect(type?.message == "Folder is an invalid volume type")
        let parent = await #expect(throws: VolumeFailure.self) {
            _ = try await fixture.mount(.hostPath(path: fixture.root + "/none/file", type: "FileOrCreate"))
        }
        #expect(parent?.code == .system, "the file's parent is not made")
    }
}

@Suite(.enabled(if: isRoot, "needs root")) struct EmptyDirectoryTests {
    let fixture: VolumesFixture

    init() throws { fixture = try VolumesFixture() }

    @Test("a directory on disk keeps its content")
    func diskDirectoryKeepsItsContent() async throws {
        let path = try await fixture.mount(.emptyDirectory())
        #expect(path == fixture.root + "/kubelet/pods/uid-1/volumes/kubernetes.io~empty-dir/vol")
        let status = try FileStatus(of: path)
        #expect(status.mode == 0o777 && status.uid == 0 && status.gid == 0)
        #expect(try FileStatus(of: fixture.root + "/kubelet/pods/uid-1").mode == 0o750)
        try AtomicFile.replace(path + "/mine", with: "x")
        #expect(try await fixture.mount(.emptyDirectory()) == path)
        #expect(FileStatus.exists(path + "/mine"))
        chmod(path, 0o1700)
        _ = try await fixture.mount(.emptyDirectory())
        #expect(try FileStatus(of: path).mode == 0o1700, "the pod's own mode is kept")
        #expect(try DirectoryListing.names(at: fixture.root + "/kubelet/pods/uid-1/volumes/kubernetes.io~empty-dir") == ["vol"])
    }

    @Test("fsGroup may write")
    func theGroupMayWrite() async throws {
        let path = try await fixture.mount(.emptyDirectory(), fsGroup: 2000)
        let status = try FileStatus(of: path)
        #expect(status.gid == 2000 && status.mode == 0o2777)
    }

    @Test("a volume in memory has its size limit")
    func memoryHasItsSize() async throws {
        let path = try await fixture.mount(.memory(sizeLimit: 1 << 20), fsGroup: 2000)
        let mount = try #require(try MountTable().mount(at: path))
        #expect(mount.type == "tmpfs" && mount.superOptions.contains("size=1024k"))
        #expect(try FileStatus(of: path).gid == 2000)
        #expect(try FileStatus(of: path).mode == 0o3777, "sticky, as the root of any tmpfs")
        try AtomicFile.replace(path + "/mine", with: "x")
        _ = try await fixture.mount(.memory(sizeLimit: 1 << 20), fsGroup: 2000)
        #expect(FileStatus.exists(path + "/mine"))
        let error = #expect(throws: SystemError.self) {
            try AtomicFile.replace(path + "/large", with: [UInt8](repeating: 0, count: 2 << 20))
        }
        #expect(error?.errno == ENOSPC)
    }

    @Test("tear down unmounts before it deletes")
    func tearDownUnmountsBeforeItDeletes() async throws {
        let disk = try await fixture.mount(.emptyDirectory(), name: "disk")
        _ = try await fixture.mount(.memory(sizeLimit: nil), name: "memory")
        _ = try await fixture.mount(.files(.secret, [VolumesFixture.file("a", "b")]), name: "secret")
        _ = try await fixture.mount(.emptyDirectory(), pod: "uid-2")
        let precious = fixture.root + "/precious"
        try Directories.make(precious)
        try AtomicFile.replace(precious + "/file", with: "x")
        // Possible leftovers of a container: a propagated mount, and symlinks to elsewhere.
        try Directories.make(disk + "/bound/inner")
        try Mounts.bind(precious, to: disk + "/bound")
        symlink(precious, disk + "/link")
        #expect(try await fixture.volumes.podsOnDisk().sorted() == ["uid-1", "uid-2"])

        // Unmounting fails lazily for a busy mount and still takes it away.
        let busy = try OwnedFileDescriptor.open(disk + "/bound/file", O_RDONLY)
        try await fixture.volumes.tearDown(podUID: "uid-1")
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try busy.readAll(limit: 10) == Array("x".utf8))
        #expect(FileStatus.exists(precious + "/file"))
        #expect(try await fixture.volumes.podsOnDisk() == ["uid-2"])
        #expect(try MountTable().mounts(under: fixture.root).isEmpty)
    }

    @Test("a root behind a symlink is unmounted too")
    func aRootBehindASymlinkIsUnmountedToo() async throws {
        try Directories.make(fixture.root + "/real")
        symlink("real", fixture.root + "/link")
        let volumes = PodVolumes(root: fixture.root + "/link", logger: .silent)
        let path = try await volumes.mount(VolumeRequest(podUID: "u", name: "m", content: .memory(sizeLimit: 65536)))
        #expect(path.hasPrefix(fixture.root + "/real/"))
        try await volumes.tearDown(podUID: "u")
        #expect(try MountTable().mounts(under: fixture.root).isEmpty)
    }
}
