import Glibc
import LinuxSystem
import PodCore
import PodVolumes
import TestSupport
import Testing

@Suite("Volumes of images", .enabled(if: isRoot, "needs root"))
struct ImageVolumeTests {
    let fixture: VolumesFixture

    init() throws { fixture = try VolumesFixture() }

    /// An image of layers in folders, the topmost first: each a list of files with the layer's name as their content.
    private func image(_ id: String, _ layers: [[String]]) throws -> ImageDescription {
        var folders: [String] = []
        for (number, files) in layers.enumerated() {
            // A colon in a path must not be taken for the end of it.
            let folder = "\(fixture.root)/layers/\(id):\(number)"
            try Directories.make(folder)
            for file in files { try AtomicFile.replace(folder + "/" + file, with: "\(number)", mode: 0o755) }
            folders.append(folder)
        }
        return ImageDescription(id: id, names: [], repoDigests: [], size: 1, config: ImageConfig(), lowerDirectories: folders)
    }

    private func state(_ name: String = "vol") async throws -> ImageVolumeState {
        try await fixture.volumes.imageVolume(name, podUID: "uid-1", userNamespace: nil)
    }

    @Test("the layers are one tree, read-only and without programs")
    func layers() async throws {
        let path = try await fixture.mount(.image(image("sha256:1", [["a"], ["a", "b"]])))
        #expect(path == fixture.root + "/kubelet/pods/uid-1/volumes/kubernetes.io~image/vol")
        #expect(try DirectoryListing.names(at: path) == ["a", "b"])
        #expect(try SmallFile.text(path + "/a") == "0" && SmallFile.text(path + "/b") == "1")
        let mount = try #require(try MountTable().mount(at: path))
        #expect(mount.type == "overlay" && Set(mount.options).isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]))
        let error = #expect(throws: SystemError.self) { try AtomicFile.replace(path + "/new", with: "x") }
        #expect(error?.errno == EROFS)
    }

    @Test("an image of one layer, and one of many, can be mounted", arguments: [1, 120])
    func count(layers: Int) async throws {
        let path = try await fixture.mount(.image(image("sha256:1", (0..<layers).map { ["f\($0)"] })))
        #expect(try DirectoryListing.names(at: path).count == layers)
    }

    @Test("an image without layers is refused, and leaves no mount")
    func noLayers() async throws {
        let error = await #expect(throws: VolumeFailure.self) { _ = try await fixture.mount(.image(image("sha256:1", []))) }
        #expect(error?.code == .invalid)
        #expect(try await state() == .absent)
    }

    @Test("a mounted volume keeps its image, and its record says which one it was when the mount is gone")
    func keptAndLost() async throws {
        #expect(try await state() == .absent)
        let path = try await fixture.mount(.image(image("sha256:1", [["a"]])))
        _ = try await fixture.mount(.image(image("sha256:2", [["b"]])))
        #expect(try await state() == .mounted(path: path))
        #expect(try DirectoryListing.names(at: path) == ["a"])
        try Mounts.unmount(path, lazily: true)
        #expect(try await state() == .lost(imageID: "sha256:1"))
        _ = try await fixture.mount(.image(image("sha256:2", [["b"]])))
        #expect(try await state() == .mounted(path: path))
    }

    /// A process in a user namespace of its own, as the pause of a sandbox is.
    private func withUserNamespace(_ firstID: UInt32, _ body: (PodUserNamespace) async throws -> Void) async throws {
        let child = try ChildProcess(.init(executable: "/usr/bin/unshare", arguments: ["unshare", "-U", "sleep", "1000"]))
        defer { try? child.signal(SIGKILL) }
        let own = try FileStatus(of: "/proc/self/ns/user", follow: true).inode
        let folder = "/proc/\(child.pid)"
        try await eventually("the user namespace") { try FileStatus(of: folder + "/ns/user", follow: true).inode != own }
        for map in ["uid_map", "gid_map"] { try OwnedFileDescriptor.open("\(folder)/\(map)", O_WRONLY).writeAll("0 \(firstID) 65536") }
        try await body(PodUserNamespace(path: folder + "/ns/user", firstID: firstID))
    }

    @Test("a pod with ids of its own has a volume of its own owners, made of shifted layers, and another one for other ids")
    func shiftedOwners() async throws {
        let layers = try image("sha256:1", [["a"], ["a", "b"], ["c"]])
        chown(layers.lowerDirectories[1] + "/b", 5, 6)
        for (first, pod) in [(UInt32(262_144), "uid-1"), (327_680, "uid-1")] {
            try await withUserNamespace(first) { user async throws in
                if first == 327_680 {
                    #expect(try await fixture.volumes.imageVolume("vol", podUID: pod, userNamespace: user) == .lost(imageID: "sha256:1"))
                }
                let path = try await fixture.mount(.image(layers), userNamespace: user)
                #expect(try await fixture.volumes.imageVolume("vol", podUID: pod, userNamespace: user) == .mounted(path: path))
                #expect(try DirectoryListing.names(at: path) == ["a", "b", "c"])
                for (name, uid, gid) in [("", UInt32(0), UInt32(0)), ("/a", 0, 0), ("/b", 5, 6), ("/c", 0, 0)] {
                    let status = try FileStatus(of: path + name)
                    #expect(status.uid == first + uid && status.gid == first + gid, "\(name)")
                }
                let mounts = try MountTable().mounts(under: fixture.root)
                #expect(mounts.count == 1 && Set(mounts[0].options).isSuperset(of: ["ro", "nosuid", "nodev", "noexec"]))
                #expect(try await fixture.volumes.imagesInVolumes() == ["sha256:1"])
            }
        }
        #expect(try FileStatus(of: layers.lowerDirectories[1] + "/b").uid == 5, "the image stays")
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try MountTable().mounts(under: fixture.root).isEmpty)
    }

    @Test("what is mounted on a shifted layer does not cover the layer itself, though the store is on a shared mount")
    func shiftedLayersArePrivate() async throws {
        let store = fixture.root + "/store"
        try Directories.make(store)
        try Mounts.mount(source: "none", at: store, type: "tmpfs", flags: 0)
        defer { _ = try? Mounts.unmountAll(under: store) }
        try Mounts.setPropagation(UInt64(MS_SHARED), at: store)
        for name in ["layer", "stage"] { try Directories.make("\(store)/\(name)") }
        try AtomicFile.replace(store + "/layer/a", with: "a")
        try await withUserNamespace(262_144) { user async throws in
            let tree = try Mounts.cloneTree(store + "/layer")
            try Mounts.shiftOwners(of: tree, copiedFrom: store + "/layer", to: Namespace(.user, path: user.path))
            try Mounts.attach(tree, at: store + "/stage")
            #expect(try FileStatus(of: store + "/stage/a").uid == 262_144)
            try Mounts.mount(source: "none", at: store + "/stage", type: "tmpfs", flags: 0)
            #expect(try DirectoryListing.names(at: store + "/layer") == ["a"])
        }
    }

    @Test("the user namespace of another process is not taken for the pod's")
    func anotherNamespace() async throws {
        let image = try image("sha256:1", [["a"]])
        try await withUserNamespace(262_144) { user async throws in
            let failure = await #expect(throws: VolumeFailure.self) {
                try await fixture.mount(.image(image), userNamespace: PodUserNamespace(path: user.path, firstID: 327_680))
            }
            #expect(failure?.message.contains("its sandbox has ended") == true)
        }
        #expect(try MountTable().mounts(under: fixture.root).isEmpty)
    }

    @Test("images are in use as long as a pod has them as volumes")
    func inUse() async throws {
        #expect(try await fixture.volumes.imagesInVolumes() == [])
        let path = try await fixture.mount(.image(image("sha256:1", [["a"]])))
        _ = try await fixture.mount(.image(image("sha256:2", [["b"]])), name: "second")
        _ = try await fixture.mount(.image(image("sha256:2", [["b"]])), pod: "uid-2")
        _ = try await fixture.mount(.emptyDirectory(), pod: "uid-3")
        #expect(try await fixture.volumes.imagesInVolumes() == ["sha256:1", "sha256:2"])
        // A lost volume will be mounted again.
        try Mounts.unmount(path, lazily: true)
        #expect(try await fixture.volumes.imagesInVolumes() == ["sha256:1", "sha256:2"])
        try await fixture.volumes.tearDown(podUID: "uid-1")
        #expect(try await fixture.volumes.imagesInVolumes() == ["sha256:2"])
        #expect(FileStatus.exists(fixture.root + "/layers/sha256:1:0/a"), "the image stays")
        #expect(try MountTable().mounts(under: fixture.root).count == 1)
    }
}
