import LinuxSystem
import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// Known attacks on those who pull images, by registries and by what an image says about itself.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct HostileImageTests {
    private static let image = PullTests.image()

    /// Pulls from a server, and returns the failure.
    private static func pull(
        _ answer: @escaping @Sendable (FakeRegistry.Request) -> FakeRegistry.Reply, credentials: Bool = false,
        _ look: (ImageFailure?, FakeRegistry, _ folder: String) throws -> Void
    ) async throws {
        _ = try await FakeRegistry.with(FakeRegistry.Script(answer)) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder) { store async throws in
                    let login = RegistryCredential(registry: server.authority, username: "u", password: "p")
                    var failure: ImageFailure?
                    do {
                        _ = try await store.pull("\(server.authority)/test/image:1", credentials: credentials ? [login] : [])
                    } catch let error as ImageFailure {
                        failure = error
                    }
                    try look(failure, server, folder)
                }
            }
        }
    }

    @Test("a layer is fetched from the registry alone, whatever other addresses its manifest names (CVE-2020-15157)")
    func foreignAddresses() async throws {
        try await FakeRegistry.with(FakeRegistry.Script(honest(Self.image))) { storage async throws in
            let addresses = "\"urls\":[\"http://\(storage.authority)/v2/test/image/blobs/\(Self.image.layers[0])\"],\"size\":"
            let manifest = Array(String(decoding: Self.image.manifest, as: UTF8.self).replacing("\"size\":", with: addresses).utf8)
            let server = honest(Self.image, tags: ["1": manifest])
            try await Self.pull({ $0.path.contains("/blobs/\(Self.image.layers[0])") ? .missing : server($0) }) { failure, _, _ in
                #expect(failure?.message.contains("not found") == true)
            }
            #expect(storage.requests.isEmpty)
        }
    }

    @Test("a server that a redirect leads to gets no token for the asking, from no realm (CVE-2020-15157)")
    func foreignRealm() async throws {
        let own = Mutex("")
        let storage = FakeRegistry.Script { request in
            guard request.path != "/token" else { return FakeRegistry.Reply(body: Array("{\"token\":\"abc\"}".utf8)) }
            let challenge = "Bearer realm=\"http://\(own.withLock { $0 })/token\",service=\"s\""
            return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", challenge)])
        }
        try await FakeRegistry.with(storage) { storage async throws in
            own.withLock { $0 = storage.authority }
            let target = "http://\(storage.authority)"
            try await Self.pull(
                { request in
                    if request.headers.first(name: "Authorization") == nil {
                        return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
                    }
                    if request.path.contains("/manifests/") { return honest(Self.image)(request) }
                    return FakeRegistry.Reply(status: .temporaryRedirect, headers: [("Location", target + request.path)])
                }, credentials: true
            ) { failure, _, _ in
                #expect(failure?.code == .pullFailed)
            }
            #expect(!storage.requests.isEmpty)
            #expect(storage.requests.allSatisfy { $0.path != "/token" && $0.headers.first(name: "Authorization") == nil })
        }
    }

    @Test("credentials are not sent to a token server without TLS")
    func plainRealm() async throws {
        let challenge = "Bearer realm=\"http://elsewhere.invalid/token\",service=\"s\""
        try await Self.pull(
            { _ in FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", challenge)]) }, credentials: true
        ) { failure, server, _ in
            #expect(failure?.message.contains("found the token realm http://elsewhere.invalid/token, wanted https; no credentials were sent") == true)
            #expect(server.requests.count == 1)
        }
    }

    @Test("a manifest of gigabytes is refused by its announced size, and an endless one at the limit (CVE-2023-25153)", arguments: [true, false])
    func hugeManifest(isAnnounced: Bool) async throws {
        let limit = ImageLimits().manifestBytes
        try await Self.pull({ request in
            guard request.path.contains("/manifests/") else { return honest(Self.image)(request) }
            let size = isAnnounced ? "2147483648" : "\(limit + 1)"
            let body = isAnnounced ? [UInt8](repeating: 32, count: 10) : [UInt8](repeating: 32, count: limit + 1)
            return FakeRegistry.Reply(headers: [("Content-Length", size)], body: body, cutAfter: isAnnounced ? 10 : nil, stalls: isAnnounced)
        }) { failure, server, _ in
            #expect(failure?.message.contains("found an answer of more than \(limit) bytes") == true, "\(failure?.message ?? "")")
            #expect(server.requests.count == 1)
        }
    }

    @Test("a configuration beyond the limit is refused before it is asked for")
    func hugeConfiguration() async throws {
        let size = Self.image.blobs[Self.image.config]?.count ?? 0
        let text = String(decoding: Self.image.manifest, as: UTF8.self).replacing("\"size\":\(size)}", with: "\"size\":9000000000}")
        try await Self.pull(honest(Self.image, tags: ["1": Array(text.utf8)])) { failure, server, _ in
            #expect(failure?.message.contains("found a configuration of 9000000000 bytes, wanted at most") == true, "\(failure?.message ?? "")")
            #expect(server.requests.count == 1)
        }
    }

    @Test("an image's labels are not kept, so nothing can take them for the node's own (CVE-2026-53488)")
    func labels() async throws {
        let config = Array(
            String(decoding: Self.image.blobs[Self.image.config] ?? [], as: UTF8.self).replacing(
                "\"Cmd\":", with: "\"Labels\":{\"io.kubernetes.pod.namespace\":\"kube-system\",\"swiftlet.pinned\":\"true\"},\"Cmd\":"
            ).utf8)
        let digest = ContentHasher.digest(of: config)
        let old = "\"digest\":\"\(Self.image.config)\",\"size\":\(Self.image.blobs[Self.image.config]?.count ?? 0)"
        let manifest = Array(
            String(decoding: Self.image.manifest, as: UTF8.self).replacing(old, with: "\"digest\":\"\(digest)\",\"size\":\(config.count)").utf8)
        let server = honest(Self.image, tags: ["1": manifest])
        try await Self.pull({ $0.path.hasSuffix("\(digest)") ? FakeRegistry.Reply(body: config) : server($0) }) { failure, _, folder in
            #expect(failure == nil, "\(failure?.message ?? "")")
            let index = try SmallFile.text(folder + "/index.json")
            #expect(index.contains("\(digest)") && !index.contains("kube-system") && !index.contains("pinned"))
        }
    }

    @Test("a layer of very many entries is refused at the limit, and nothing of it stays")
    func entries() async throws {
        var archive = TarArchive()
        for number in 0..<300 { archive.file("f\(number)") }
        let image = TestImage(layers: [archive.finished])
        var limits = ImageLimits()
        limits.entries = 100
        try await FakeRegistry.with(FakeRegistry.Script(honest(image))) { server async throws in
            try await withTemporaryFolder { folder in
                try await withStore(in: folder, limits: limits) { store async throws in
                    let failure = await #expect(throws: ImageFailure.self) {
                        try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    }
                    #expect(failure?.message.contains("more than 100 entries") == true)
                    #expect(try DirectoryListing.names(at: folder + "/layers").isEmpty)
                    #expect(try DirectoryListing.names(at: folder + "/ingest").isEmpty)
                }
            }
        }
    }
}
