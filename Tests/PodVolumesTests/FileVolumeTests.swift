import Glibc
import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite(.enabled(if: isRoot, "needs root")) struct FileVolumeTests {
    let fixture: VolumesFixture

    init() throws { fixture = try VolumesFixture() }

    private func link(_ path: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 1000)
        let count = try systemCall("readlink", path) { readlink(path, &buffer, 999) }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test("a config map volume has kubelet's layout")
    func configMapLooksLikeKubelets() async throws {
        let path = try await fixture.mount(
            .files(
                .configMap,
                [
                    VolumesFixture.file("key", "value"), VolumesFixture.file("dir/a/file", "deep", mode: 0o400),
                    VolumesFixture.file("./x//y", "clean"),
                    VolumeFile(path: "binary", mode: 0o600, content: .base64("AP8K"), uid: 1000),
                ]))
        #expect(path == fixture.root + "/kubelet/pods/uid-1/volumes/kubernetes.io~configmap/vol")
        #expect(try !FileStatus(of: path).isMountRoot, "a config map is on disk")
        #expect(try FileStatus(of: path).mode == 0o777)
        #expect(try SmallFile.text(path + "/key") == "value")
        #expect(try SmallFile.text(path + "/dir/a/file") == "deep")
        #expect(try SmallFile.text(path + "/x/y") == "clean")
        #expect(try SmallFile.bytes(path + "/binary") == [0, 255, 10])
        #expect(try link(path + "/key") == "..data/key")
        #expect(try link(path + "/dir") == "..data/dir")
        let data = try link(path + "/..data")
        #expect(data.wholeMatch(of: /\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+/) != nil)
        #expect(try FileStatus(of: path + "/" + data).mode == 0o755)
        #expect(try FileStatus(of: path + "/..data/dir/a/file").mode == 0o400)
        #expect(try FileStatus(of: path + "/..data/binary").uid == 1000)
        #expect(try DirectoryListing.names(at: path) == ["..data", data, "binary", "dir", "key", "x"].sorted())
    }

    @Test("places for mounts are made by the kind of what is mounted, and stay when the files change")
    func mountPoints() async throws {
        let inner = try await fixture.mount(.files(.secret, [VolumesFixture.file("d/key", "1")]), name: "inner")
        for content in ["1", "2"] {
            let path = try await fixture.mount(.files(.secret, [VolumesFixture.file("taken", content)]))
            let points: [(String, String?)] = [
                ("deep/inner", nil), ("deep/file", "d/key"), ("other", "d"), ("taken", "d"), ("taken/x", "d"), ("..data/x", "d"),
            ]
            for (point, subPath) in points {
                try await fixture.volumes.makeMountPoint(VolumeMountPoint(volume: path, path: point, source: inner, subPath: subPath))
            }
            #expect(try FileStatus(of: path + "/deep/inner").kind == .directory)
            #expect(try FileStatus(of: path + "/deep/file").kind == .file)
            #expect(try FileStatus(of: path + "/other").mode == 0o755)
            #expect(try SmallFile.text(path + "/taken") == content)
            #expect(try DirectoryListing.names(at: path + "/..data") == ["taken"])
        }
    }

    @Test("a volume is missing once its mount, its folder or its files are gone, and is made again with its files")
    func missing() async throws {
        let files = [VolumesFixture.file("key", "1")]
        let map = try await fixture.mount(.files(.configMap, files), name: "map")
        let secret = try await fixture.mount(.files(.secret, files), name: "secret")
        let memory = try await fixture.mount(.memory(sizeLimit: nil), name: "memory")
        let disk = try await fixture.mount(.emptyDirectory(), name: "disk")
        let all = [
            MountedVolume(name: "map", path: map, root: .files(.configMap)), MountedVolume(name: "secret", path: secret, root: .files(.secret)),
            MountedVolume(name: "memory", path: memory, root: .memory), MountedVolume(name: "disk", path: disk, root: .directory),
        ]
        #expect(try await fixture.volumes.missing(all).isEmpty)
        for path in [secret, memory] { try Mounts.unmount(path, lazily: true) }
        for path in [map, disk] { try TreeRemoval.remove(path) }
        #expect(try await fixture.volumes.missing(all) == ["map", "secret", "memory", "disk"])
        _ = try await fixture.mount(.files(.configMap, files), name: "map")
        _ = try await fixture.mount(.files(.secret, files), name: "secret")
        #expect(try await fixture.volumes.missing(all) == ["memory", "disk"])
        #expect(try SmallFile.text(secret + "/key") == "1")
        // Emptied by hand: the names are there, the files are not.
        try TreeRemoval.remove(map + "/" + link(map + "/..data"))
        #expect(try await fixture.volumes.missing(all).contains("map"))
    }

    @Test("a large file is compared and written without a copy of it, and what is not base64 is empty")
    func largeFile() async throws {
        let text = String(repeating: "0123456789abcdef", count: 65536)
        let path = try await fixture.mount(.files(.configMap, [VolumesFixture.file("large", text)]))
        let first = try link(path + "/..data")
        _ = try await fixture.mount(.files(.configMap, [VolumesFixture.file("large", text)]))
        #expect(try link(path + "/..data") == first)
        for other in [String(text.dropLast()), String(text.dropLast()) + "x", text + "x", ""] {
            let before = try link(path + "/..data")
            _ = try await fixture.mount(.files(.configMap, [VolumesFixture.file("large", other)]))
            #expect(try link(path + "/..data") != before)
            #expect(try SmallFile.text(path + "/large", limit: 2 << 20) == other)
        }
        _ = try await fixture.mount(.files(.configMap, [VolumeFile(path: "large", mode: 0o644, content: .base64("?"))]))
        #expect(try SmallFile.bytes(path + "/large").isEmpty)
    }

    /// A container may lock what it can open, and keep it locked.
    @Test("a lock that a container takes in the volume holds nothing up")
    func aLockInTheVolumeHoldsNobody() async throws {
        let path = try await fixture.mount(.files(.configMap, [VolumesFixture.file("a", "1")]))
        let held = try OwnedFileDescriptor.open(path, O_RDONLY | O_DIRECTORY)
        try systemCall("flock") { held.withRawValue { flock($0, LOCK_EX) } }
        let data = try OwnedFileDescriptor.open(path + "/..data", O_RDONLY | O_DIRECTORY)
        try systemCall("flock") { data.withRawValue { flock($0, LOCK_EX) } }
        _ = try await fixture.mount(.files(.configMap, [VolumesFixture.file("a", "2")]))
        #expect(try SmallFile.text(path + "/a") == "2")
    }

    /// Each of them writes all of a version, and none removes what another one is writing.
    @Test("writers of one volume take turns")
    func writersOfOneVolumeTakeTurns() async throws {
        try await withThrowingTaskGroup(of: String.self) { group in
            for version in 0..<32 {
                group.addTask { [fixture] in
                    try await fixture.mount(.files(.configMap, (0..<20).map { VolumesFixture.file("\($0)", "\(version)") }))
                }
            }
            try await group.waitForAll()
        }
        let path = fixture.root + "/kubelet/pods/uid-1/volumes/kubernetes.io~configmap/vol"
        #expect(try Set((0..<20).map { try SmallFile.text(path + "/\($0)") }).count == 1)
        #expect(try DirectoryListing.names(at: path).filter { $0.hasPrefix("..2") }.count == 1, "nothing is left of the others")
    }

    @Test("an update switches all files at once, and only when needed")
    func updatesSwitchAtOnceAndOnlyWhenNeeded() async throws {
        let path = try await fixture.mount(.files(.configMap, [VolumesFixture.file("a", "1"), VolumesFixture.file("old/x", "1")]))
        let first = try link(path + "/..data")
        _ = try await fixture.mount(.files(.configMap, [VolumesFixture.file("old/x", "1"), VolumesFixture.file("a", "1")]))
        #expect(try link(path + "/..data") == first, "nothing has changed")
        // Something that an interrupted write left, and something foreign.
        try Directories.make(path + "/..2020_01_01_00_00_00.1/x")
        symlink("..2020_01_01_00_00_00.1", path + "/..data_tmp")
        for (files, names) in [
            ([VolumesFixture.file("a", "2"), VolumesFixture.file("new", "1")], ["a", "new"]),
            ([VolumesFixture.file("a", "2", mode: 0o600), VolumesFixture.file("new", "1")], ["a", "new"]),
            ([VolumesFixture.file("a/b", "3")], ["a"]),
            ([], []),
        ] {
            let before = try link(path + "/..data")
            _ = try await fixture.mount(.files(.configMap, files))
            let data = try link(path + "/..data")
            #expect(data != before)
            #expect(try DirectoryListing.names(at: path) == (["..data", data] + names).sorted())
            for file in files { #expect(try FileContent.text(SmallFile.text(path + "/" + file.path)) == file.content) }
        }
    }

    @Test(
        "links that a container has put into a volume lead neither an update nor the end of the pod to other files (CVE-2017-1002102)",
        arguments: [FileVolumeKind.configMap, .secret], ["/precious", "../../../../../../precious", "..data", "..", "mine", "..data/.."])
    func plantedLinks(kind: FileVolumeKind, target: String) async throws {
        let precious = fixture.root + "/precious"
        try Directories.make(precious + "/a")
        try AtomicFile.replace(precious + "/a/file", with: "x")
        let target = target.hasPrefix("/") ? precious : target
        let files = { (value: String) in VolumeContent.files(kind, [VolumesFixture.file("a", value), VolumesFixture.file("d/b", value)]) }
        let path = try await fixture.mount(files("1"))
        try Directories.make(path + "/mine")
        for name in ["..data", "..data_tmp", "a", "d", "..2020_01_01_00_00_00.1", "link"] {
            _ = unlink(path + "/" + name)
            try systemCall("symlink") { symlink(name == "..data" ? target : precious, path + "/" + name) }
        }
        // A name that is taken cannot be shown; the next update takes place once it is free.
        await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(files("2")) }
        for name in ["a", "d"] { _ = unlink(path + "/" + name) }
        _ = try await fixture.mount(files("2"))
        #expect(try SmallFile.text(path + "/a") == "2" && SmallFile.text(path + "/d/b") == "2")
        #expect(FileStatus.exists(path + "/mine"))
        #expect(try SmallFile.text(precious + "/a/file") == "x" && DirectoryListing.names(at: precious) == ["a"])
        _ = unlink(path + "/..data")
        try systemCall("symlink") { symlink(target, path + "/..data") }
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try SmallFile.text(precious + "/a/file") == "x" && DirectoryListing.names(at: precious) == ["a"])
        #expect(try await fixture.volumes.podsOnDisk() == [])
    }

    @Test("readers never see half an update")
    func readersNeverSeeHalf() async throws {
        let files = { (value: String) in (0..<10).map { VolumesFixture.file("f\($0)", value) } }
        let path = try await fixture.mount(.files(.configMap, files("0")))
        let reader = Task { () -> Bool in
            var mixed = false
            while !Task.isCancelled {
                // One look at ..data is one version, however often it is switched meanwhile. The version just looked up may be
                // gone before it is opened, with this layout inevitably so.
                guard let directory = try? OwnedFileDescriptor.open(path + "/..data", O_RDONLY | O_DIRECTORY) else { continue }
                var values: Set<[UInt8]> = []
                for number in 0..<10 {
                    guard let file = try? directory.openAt("f\(number)", O_RDONLY) else { break }
                    values.insert((try? file.readAll(limit: 100)) ?? [])
                }
                mixed = mixed || values.count > 1
                await Task.yield()
            }
            return mixed
        }
        for value in 1...50 { _ = try await fixture.mount(.files(.configMap, files(String(value)))) }
        reader.cancel()
        #expect(await reader.value == false)
        #expect(try SmallFile.text(path + "/f9") == "50")
    }

    @Test("secrets are in memory", arguments: [FileVolumeKind.secret, .projected, .downwardAPI]) func secretsAreInMemory(kind: FileVolumeKind)
        async throws
    {
        let path = try await fixture.mount(.files(kind, [VolumesFixture.file("token", "s")]))
        #expect(path.contains("/volumes/\(kind.rawValue)/vol"))
        #expect(try FileStatus(of: path).isMountRoot)
        #expect(try MountTable().mount(at: path)?.type == "tmpfs")
        _ = try await fixture.mount(.files(kind, [VolumesFixture.file("token", "t")]))
        #expect(try MountTable().entries.filter { $0.mountPoint == path }.count == 1)
        #expect(try SmallFile.text(path + "/token") == "t")
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try MountTable().mounts(under: fixture.root).isEmpty)
        #expect(try await fixture.volumes.podsOnDisk() == [])
    }

    @Test("fsGroup may read the files")
    func theGroupMayRead() async throws {
        let files = [VolumesFixture.file("d/key", "v", mode: 0o600, uid: 7), VolumesFixture.file("open", "v", mode: 0o644)]
        let path = try await fixture.mount(.files(.secret, files), fsGroup: 4321)
        #expect(try FileStatus(of: path).gid == 4321)
        #expect(try FileStatus(of: path).mode == 0o3777)
        for (name, mode, uid) in [("..data/d/key", UInt32(0o640), UInt32(7)), ("..data/open", 0o644, 0), ("..data/d", 0o2755, 0)] {
            let status = try FileStatus(of: path + "/" + name)
            #expect(status.gid == 4321 && status.mode == mode && status.uid == uid, "\(name)")
        }
        let data = try link(path + "/..data")
        _ = try await fixture.mount(.files(.secret, files), fsGroup: 4321)
        #expect(try link(path + "/..data") == data)
        _ = try await fixture.mount(.files(.secret, files), fsGroup: 4322)
        #expect(try FileStatus(of: path + "/..data/open").gid == 4322)
    }

    @Test(
        "paths stay inside",
        arguments: [
            ("", "invalid path: must not be empty: \"\""), ("/etc/passwd", "invalid path: must be relative path: /etc/passwd"),
            ("../x", "invalid path: must not contain '..': ../x"), ("a/../../x", "invalid path: must not contain '..': a/../../x"),
            ("..data", "invalid path: must not start with '..': ..data"), ("..x/y", "invalid path: must not start with '..': ..x/y"),
            (".", "invalid path: must name a file: ."),
            (String(repeating: "x", count: 256), "invalid path: filenames must be less than or equal to 255 characters"),
            (String(repeating: "x/", count: 2500), "invalid path: must be less than or equal to 4096 characters"),
        ]) func pathsStayInside(path: String, message: String) async throws
    {
        let error = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.files(.configMap, [VolumesFixture.file(path, "x")])) }
        #expect(error?.code == .invalid)
        #expect(error?.message == message)
        #expect(try await fixture.volumes.podsOnDisk() == [], "nothing is made for it")
    }

    @Test("names are single", arguments: ["", ".", "..", "a/b", "/a"]) func namesAreSingle(name: String) async throws {
        for (pod, volume) in [(name, "vol"), ("uid", name)] {
            let error = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.emptyDirectory(), name: volume, pod: pod) }
            #expect(error?.code == .invalid)
        }
        await #expect(throws: VolumeFailure.self) { try await fixture.volumes.tearDown(podUID: name) }
    }
}
