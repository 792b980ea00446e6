import LinuxSystem
import PodCore
import TestSupport
import Testing
import Timing

@testable import ImageStore

/// Layouts that list images for several machines and hold the blobs of some.
@Suite struct VariantTests {
    private static let machine = Platform(os: "linux", architecture: "amd64", variant: "v3")

    private static func image(_ text: String, _ variant: String = "", architecture: String = "amd64") -> TestImage {
        var tar = TarArchive()
        tar.file("content", text)
        return TestImage(layers: [tar.finished], architecture: architecture, variant: variant)
    }

    private static func write(_ blobs: [[UInt8]], to folder: String) throws {
        try Directories.make(folder + "/blobs/sha256")
        for bytes in blobs { try AtomicFile.replace("\(folder)/blobs/sha256/\(ContentHasher.digest(of: bytes).hex)", with: bytes) }
        try AtomicFile.replace(folder + "/oci-layout", with: "{\"imageLayoutVersion\":\"1.0.0\"}")
    }

    private static func content(of image: TestImage) -> [[UInt8]] { [image.manifest] + Array(image.blobs.values) }

    private static func entries(_ list: [(platform: String, manifest: [UInt8])]) throws -> [Descriptor] {
        let document = try ManifestDocument(TestImage.index(list), contentType: "", object: "t", limits: ImageLimits())
        guard case .index(let entries) = document else { return [] }
        return entries
    }

    @Test("the best image whose blobs are there is found, on each level of the layout", arguments: [false, true])
    func bestPresent(isNested: Bool) async throws {
        let (third, second, plain) = (Self.image("3", "v3"), Self.image("2", "v2"), Self.image("1"))
        let list = [("linux/amd64", plain.manifest), ("linux/arm64", [1]), ("linux/amd64/v3", third.manifest), ("linux/amd64/v2", second.manifest)]
        let index = TestImage.index(list)
        let entries =
            isNested
            ? [Descriptor(mediaType: MediaType.ociIndex, digest: ContentHasher.digest(of: index), size: Int64(index.count))] : try Self.entries(list)
        // The manifest and configuration of the second version are there, its layer is not.
        let half = [second.manifest, second.blobs[second.config] ?? []]
        let cases: [(blobs: [[UInt8]], found: TestImage?, isSubstitute: Bool)] = [
            (Self.content(of: third) + Self.content(of: plain), third, false), (half + Self.content(of: plain), plain, true), (half, second, true),
            (Self.content(of: second), second, true), ([], nil, false),
        ]
        for (number, wanted) in cases.enumerated() {
            try await withTemporaryFolder { folder in
                try Self.write(wanted.blobs + (isNested ? [index] : []), to: folder)
                let search = {
                    try VariantSearch.image(among: entries, in: try ArchiveFolder(folder), for: Self.machine, limits: ImageLimits())
                }
                guard let expected = wanted.found else {
                    let failure = try #require(throws: ImageStoreError.self) { try search() }
                    #expect(failure.code == .notFound && failure.object == "blobs/sha256/\(third.digest.hex)")
                    return
                }
                let found = try search()
                #expect(found.image.config.digest == expected.config && found.isSubstitute == wanted.isSubstitute, "case \(number)")
                #expect(found.image.manifests.last?.digest == expected.digest && found.image.manifests.count == (isNested ? 2 : 1))
            }
        }
    }

    @Test("a layout that lists four platforms and an attestation and holds the blobs of one is imported", .enabled(if: isRoot, "needs root"))
    func onePlatform() async throws {
        let image = Self.image("here", architecture: Platform.host.architecture)
        let other = Self.image("also here", architecture: Platform.host.architecture)
        func entry(_ digest: ContentDigest, _ platform: String, _ annotations: String) -> String {
            let parts = platform.split(separator: "/")
            return """
                {"mediaType":"\(MediaType.ociManifest)","digest":"\(digest)","size":9,"platform":{"os":"\(parts[0])","architecture":"\(parts[1])"},\
                "annotations":{\(annotations)}}
                """
        }
        let absent = ContentHasher.digest(of: [1])
        // One name for all, a tag alone, and none at all.
        for name in ["\"org.opencontainers.image.ref.name\":\"registry.test/a:1\"", "\"org.opencontainers.image.ref.name\":\"1.0\"", ""] {
            let list = [
                entry(absent, "linux/s390x", name), entry(absent, "windows/amd64", name), entry(absent, "linux/riscv64", name),
                entry(image.digest, "linux/\(Platform.host.architecture)", name), entry(absent, "unknown/unknown", name),
                entry(other.digest, "linux/\(Platform.host.architecture)", "\"io.containerd.image.name\":\"registry.test/b:1\""),
            ]
            try await withTemporaryFolder { directory async throws in
                let folder = directory + "/layout"
                try Self.write(Self.content(of: image) + Self.content(of: other), to: folder)
                try AtomicFile.replace(folder + "/index.json", with: "{\"schemaVersion\":2,\"manifests\":[\(list.joined(separator: ","))]}")
                try await withStore(in: directory + "/store") { store async throws in
                    let found = try await store.importImages(from: folder, pins: true)
                    #expect(Set(found.map(\.id)) == ["\(image.config)", "\(other.config)"])
                    #expect(
                        Set(found.flatMap(\.names)) == (name.contains("/a:1") ? ["registry.test/a:1", "registry.test/b:1"] : ["registry.test/b:1"]))
                }
            }
        }
    }
}
