import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// Pulls of images that are there already, as each start of a container with the pull policy `Always` asks for one.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct RepeatedPullTests {
    private static let image = PullTests.image()
    private static let index = TestImage.index([("\(Platform.host)", image.manifest)])

    private static func sent(_ server: FakeRegistry) -> Int {
        server.requests.count { $0.method == .GET && $0.path.contains("/manifests/") }
    }

    @Test("an image that has not changed is asked for without being sent again, by tag and by digest, also through an index")
    func unchanged() async throws {
        try await FakeRegistry.with(FakeRegistry.Script(honest(Self.image, tags: ["1": Self.index]))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let tag = "\(server.authority)/test/image:1"
                    let first = try await store.pull(tag, credentials: [])
                    #expect(Self.sent(server) == 2)
                    #expect(try await store.pull(tag, credentials: []) == first)
                    #expect(try await store.pull(first.repoDigests[0], credentials: []) == first)
                    #expect(Self.sent(server) == 2)
                }
            }
        }
    }

    @Test("a registry that names no digest, or answers no HEAD, sends its manifest", arguments: [HTTPResponseStatus.ok, .methodNotAllowed])
    func withoutDigest(_ status: HTTPResponseStatus) async throws {
        let script = FakeRegistry.Script { request in
            var reply = honest(Self.image)(request)
            if request.method == .HEAD {
                reply.status = status
                reply.headers.removeAll { $0.0 == "Docker-Content-Digest" }
            }
            return reply
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let tag = "\(server.authority)/test/image:1"
                    let first = try await store.pull(tag, credentials: [])
                    #expect(try await store.pull(tag, credentials: []) == first)
                    #expect(Self.sent(server) == 2)
                }
            }
        }
    }

    @Test("the digest of another repository's image does not lead to that image")
    func foreignDigest() async throws {
        let isHostile = Mutex(false)
        let other = PullTests.image(content: "other")
        let script = FakeRegistry.Script { request in
            guard request.path.contains("/hostile/") else { return honest(Self.image)(request) }
            if isHostile.withLock({ $0 }), request.path.contains("/manifests/") {
                let headers = [("Content-Type", MediaType.ociManifest), ("Docker-Content-Digest", "\(Self.image.digest)")]
                return request.method == .HEAD ? FakeRegistry.Reply(headers: headers) : .missing
            }
            return honest(other)(request)
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    _ = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    let tag = "\(server.authority)/hostile/image:1"
                    _ = try await store.pull(tag, credentials: [])
                    isHostile.withLock { $0 = true }
                    await #expect(throws: ImageFailure.self) { try await store.pull(tag, credentials: []) }
                }
            }
        }
    }
}
