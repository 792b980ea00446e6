import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite struct ManifestTests {
    private static let hex = String(repeating: "a", count: 64)
    private static let config = "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:\(hex)\",\"size\":10}"
    private static let layer = "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"sha256:\(hex)\",\"size\":10}"

    private func parse(_ text: String, type: String = "", limits: ImageLimits = ImageLimits()) throws -> ManifestDocument {
        try ManifestDocument(Array(text.utf8), contentType: type, object: "test", limits: limits)
    }

    @Test("an image manifest is read")
    func image() throws {
        let text = "{\"schemaVersion\":2,\"config\":\(Self.config),\"layers\":[\(Self.layer)]}"
        guard case .image(let config, let layers) = try parse(text, type: MediaType.dockerManifest + "; charset=utf-8") else {
            Issue.record("no image")
            return
        }
        #expect(config.digest.hex == Self.hex)
        #expect(layers.count == 1)
    }

    @Test(
        "a malformed or ambiguous document is refused with the reason (CVE-2021-41190, CVE-2024-3727)",
        arguments: [
            ("{\"schemaVersion\":2,\"config\":\(config),\"layers\":[],\"manifests\":[]}", "both an image and an index"),
            ("{\"schemaVersion\":2}", "neither layers nor manifests"),
            ("{\"schemaVersion\":2,\"layers\":[]}", "without config"),
            ("{\"schemaVersion\":1,\"fsLayers\":[]}", "schema 1"),
            ("{\"schemaVersion\":3,\"layers\":[],\"config\":\(config)}", "schemaVersion 3"),
            ("{\"schemaVersion\":2,\"mediaType\":\"\(MediaType.ociIndex)\",\"config\":\(config),\"layers\":[]}", "media type"),
            ("{\"schemaVersion\":2,\"mediaType\":\"\(MediaType.ociManifest)\",\"manifests\":[]}", "media type"),
            ("{\"schemaVersion\":2,\"config\":\(config.replacing("sha256:a", with: "sha256:../../x")),\"layers\":[]}", "digest"),
            ("{\"schemaVersion\":2,\"config\":\(config.replacing("sha256:a", with: "sha256:A")),\"layers\":[]}", "digest"),
            ("{\"schemaVersion\":2,\"config\":\(config.replacing("sha256:aa", with: "sha256:a")),\"layers\":[]}", "digest"),
            ("{\"schemaVersion\":2,\"config\":\(config.replacing("sha256:", with: "sha512:")),\"layers\":[]}", "digest"),
            ("{\"schemaVersion\":2,\"config\":\(config),\"layers\":[\(layer.replacing("sha256:aaa", with: "sha256:../"))]}", "digest"),
            ("{\"schemaVersion\":2,\"config\":\(config),\"layers\":[\(layer.replacing("10", with: "-1"))]}", "-1 bytes"),
            ("{\"schemaVersion\":2,\"config\":\(config),\"layers\":[\(layer.replacing("10", with: "99999999999999"))]}", "bytes"),
            ("{\"schemaVersion\":2,\"config\":\(config.replacing("config.v1", with: "helm.v1")),\"layers\":[]}", "artifact"),
            ("{\"schemaVersion\":2,\"config\":\(config),\"layers\":[\(layer.replacing("tar+gzip", with: "squash"))]}", "tar layer"),
            ("[]", "no manifest"),
            ("nonsense", "no manifest"),
        ])
    func refused(_ text: String, _ reason: String) throws {
        let error = try #require(throws: ImageStoreError.self) { try parse(text) }
        #expect(error.detail.contains(reason), "\(error)")
    }

    @Test("documents beyond a limit are refused")
    func limits() throws {
        var limits = ImageLimits()
        limits.layers = 1
        let two = "{\"schemaVersion\":2,\"config\":\(Self.config),\"layers\":[\(Self.layer),\(Self.layer)]}"
        #expect(try #require(throws: ImageStoreError.self) { try parse(two, limits: limits) }.code == .tooLarge)
        limits.manifestBytes = 100
        #expect(try #require(throws: ImageStoreError.self) { try parse(two, limits: limits) }.code == .tooLarge)
        #expect(
            try #require(throws: ImageStoreError.self) { try parse("{}", type: "application/vnd.docker.distribution.manifest.v1+prettyjws") }.code
                == .unsupported)
    }

    @Test("an index selects the image of a platform")
    func platforms() throws {
        let index = TestImage.index([("linux/amd64", [1]), ("linux/arm64", [2]), ("windows/amd64", [3])])
        guard case .index(let entries) = try ManifestDocument(index, contentType: "", object: "t", limits: ImageLimits()) else {
            Issue.record("no index")
            return
        }
        #expect(PlatformChoice(entries, for: Platform(os: "linux", architecture: "arm64")).images.map(\.digest) == [ContentHasher.digest(of: [2])])
        let error = PlatformChoice.failure(entries, for: Platform(os: "linux", architecture: "s390x"), object: "t")
        #expect(error.detail.contains("linux/arm64") && error.detail.contains("linux/s390x"))
    }

    @Test("an image configuration is read and its platform checked")
    func configuration() throws {
        let platform = Platform(os: "linux", architecture: "amd64")
        func parse(_ text: String, layers: Int = 0) throws -> ImageConfigurationDocument {
            try ImageConfigurationDocument(Array(text.utf8), layers: layers, platform: platform, object: "t")
        }
        let good =
            "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":\"1\",\"Env\":null,\"StopSignal\":\"SIGINT\"},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}"
        #expect(try parse(good).config.stopSignal == "SIGINT")
        let volumes = good.replacing("\"Env\":null", with: "\"Volumes\":{\"/v\":{},\"/a\":null,\"/o\":{\"x\":[1]}}")
        #expect(try parse(volumes).config.volumes == ["/a", "/o", "/v"] && parse(good).config.volumes.isEmpty)
        #expect(throws: ImageStoreError.self) { try parse(good, layers: 1) }
        #expect(try #require(throws: ImageStoreError.self) { try parse(good.replacing("amd64", with: "arm64")) }.detail.contains("linux/arm64"))
        #expect(throws: ImageStoreError.self) { try parse("{}") }
    }

    @Test("damaged documents never give a malformed digest")
    func fuzz() {
        var random = SeededGenerator(seed: 11)
        let seed = Array("{\"schemaVersion\":2,\"config\":\(Self.config),\"layers\":[\(Self.layer)]}".utf8)
        for _ in 0..<5_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: at)
                default: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 8)], at: at)
                }
            }
            // Either an error of this target or a document whose digests are safe as file names.
            do throws(ImageStoreError) {
                if case .image(let config, let layers) = try ManifestDocument(bytes, contentType: "", object: "t", limits: ImageLimits()) {
                    for digest in [config.digest] + layers.map(\.digest) { #expect(digest.hex.utf8.count == 64 && !digest.hex.contains("/")) }
                }
            } catch {}
        }
    }
}
