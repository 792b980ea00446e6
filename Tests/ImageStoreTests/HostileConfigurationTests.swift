import LinuxSystem
import NIOHTTP1
import PodCore
import TestSupport
import Testing

@testable import ImageStore

/// Images whose documents are as large as they may be (CVE-2023-25153, CVE-2025-4437, CVE-2026-47262).
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(2)), .serialized) struct HostileConfigurationTests {
    /// Pulls an image in whose configuration one text is replaced.
    private static func pull(
        _ text: String, with other: String, _ look: (ImageFailure?, _ folder: String) throws -> Void
    ) async throws {
        let image = PullTests.image()
        let plain = image.blobs[image.config] ?? []
        let config = Array(String(decoding: plain, as: UTF8.self).replacing(text, with: other).utf8)
        let digest = ContentHasher.digest(of: config)
        let manifest = Array(
            String(decoding: image.manifest, as: UTF8.self).replacing(
                "\"digest\":\"\(image.config)\",\"size\":\(plain.count)", with: "\"digest\":\"\(digest)\",\"size\":\(config.count)"
            ).utf8)
        let server = honest(image, tags: ["1": manifest])
        let script = FakeRegistry.Script { $0.path.hasSuffix("\(digest)") ? FakeRegistry.Reply(body: config) : server($0) }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder) { store async throws in
                    var failure: ImageFailure?
                    do throws(ImageFailure) {
                        _ = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    } catch {
                        failure = error
                    }
                    try look(failure, folder)
                }
            }
        }
    }

    /// `count` entries with a comma between.
    private static func list(_ count: Int, _ entry: (Int) -> String) -> String { (0..<count).map(entry).joined(separator: ",") }

    @Test("half a million labels cost nothing that stays")
    func labels() async throws {
        let labels = Self.list(500_000) { "\"l\($0)\":\"\"" }
        try await Self.pull("\"Cmd\":", with: "\"Labels\":{\(labels)},\"Cmd\":") { (failure, folder) throws in
            #expect(failure == nil, "\(failure?.message ?? "")")
            #expect(try FileStatus(of: folder + "/index.json").size < 64 << 10)
        }
    }

    @Test(
        "an environment, a command or volumes that no container could have are refused",
        arguments: ["\"Env\":[\"PATH=/bin\"]", "\"Cmd\":[\"sh\"]", "\"User\":\"\""])
    func keptParts(_ text: String) async throws {
        let part =
            switch text.prefix(4) {
            case "\"Env": "\"Env\":[\(Self.list(300_000) { "\"A\($0)=\"" })]"
            case "\"Cmd": "\"Cmd\":[\(Self.list(600_000) { _ in "\"\"" })]"
            default: "\"User\":\"\",\"Volumes\":{\(Self.list(300_000) { "\"/v\($0)\":{}" })}"
            }
        try await Self.pull(text, with: part) { (failure, folder) throws in
            let message = failure?.message ?? ""
            #expect(message.contains("found an environment, a command and volumes of "), "\(message)")
            #expect(message.contains("wanted at most \(ImageConfigurationDocument.mostKeptBytes)"), "\(message)")
            #expect(try DirectoryListing.names(at: folder + "/layers").isEmpty)
        }
    }

    @Test("a manifest of very many layers is refused by their number")
    func layers() throws {
        let hex = String(repeating: "a", count: 64)
        let layer = "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"sha256:\(hex)\",\"size\":1}"
        let config = layer.replacing("layer.v1.tar", with: "config.v1+json")
        let text = "{\"schemaVersion\":2,\"config\":\(config),\"layers\":[\(Self.list(25_000) { _ in layer })]}"
        #expect(text.utf8.count < ImageLimits().manifestBytes)
        let error = #expect(throws: ImageStoreError.self) {
            try ManifestDocument(Array(text.utf8), contentType: "", object: "test", limits: ImageLimits())
        }
        #expect(error?.detail.contains("found 25000 layers, wanted at most 500") == true)
    }
}
