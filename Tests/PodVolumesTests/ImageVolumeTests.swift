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

    private func state(_ name: String = "vol") async throws -> ImageVolumeState { try await fixture.volumes.imageVolume(name, podUID: "uid-1") }

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

    @Test("images are in use as long as a pod has them as volumes")
    func inUse() async throws {
        #expect(try await fixture.volumes.imagesInVolumes() == [])
        let path = try await fixture.mount(.image(image("sha256:1", [["a"]])))
        _ = try await fixture.mount(.image(image("sha256:2", [["b"]])), name: "second")
        _ = try await fixture.mount(.image(image("sha256:2", [["b"]])), pod: "uid-2")
        _ = try await fixture.mount(.emptyDirectory, pod: "uid-3")
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
