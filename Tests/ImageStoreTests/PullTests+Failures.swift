import Glibc
import LinuxSystem
import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

extension PullTests {
    @Test("an unknown image is a failure with the registry's answer")
    func unknownImage() async throws {
        try await FakeRegistry.with(FakeRegistry.Script { _ in .missing }) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let name = "\(server.authority)/test/none:1"
                    let failure = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: []) }
                    #expect(
                        failure?.message == "failed to pull and unpack image \"\(name)\": failed to resolve reference \"\(name)\": \(name): not found"
                    )
                    #expect(failure?.code == .pullFailed)
                    let invalid = await #expect(throws: ImageFailure.self) { try await store.pull("UPPER::bad", credentials: []) }
                    #expect(invalid?.code == .invalidName)
                }
            }
        }
    }

    @Test("a registry that does not answer is a failure")
    func absentRegistry() async throws {
        let port = 1  // tcpmux, which nothing serves.
        try await withTemporaryFolder { directory async throws in
            try await withStore(in: directory) { store async throws in
                let failure = await #expect(throws: ImageFailure.self) { try await store.pull("127.0.0.1:\(port)/a:1", credentials: []) }
                #expect(failure?.code == .registryUnavailable)
                #expect(failure?.message.contains("failed to resolve reference \"127.0.0.1:\(port)/a:1\"") == true)
            }
        }
    }

    @Test("content that does not match its digest is refused and removed")
    func lies() async throws {
        let image = Self.image()
        let wrongIDs = TestImage(layers: [TarArchive().finished], diffIDs: [image.config])
        let cases: [(String, @Sendable (FakeRegistry.Request) -> FakeRegistry.Reply)] = [
            (
                "other manifest",
                { request in
                    request.path.contains("/manifests/") ? FakeRegistry.Reply(body: Self.image(content: "evil").manifest) : honest(image)(request)
                }
            ),
            (
                "other config",
                { request in
                    request.path.contains("\(image.config)")
                        ? FakeRegistry.Reply(body: [UInt8](repeating: 32, count: image.blobs[image.config]?.count ?? 0)) : honest(image)(request)
                }
            ),
            (
                "other layer",
                { request in
                    var reply = honest(image)(request)
                    if request.path.contains("\(image.layers[1])") { reply.body[600] ^= 1 }
                    return reply
                }
            ),
            (
                "long layer",
                { request in
                    var reply = honest(image)(request)
                    if request.path.contains("\(image.layers[1])") { reply.body += [1] }
                    return reply
                }
            ),
            (
                "other diff_id",
                { request in
                    honest(wrongIDs)(request)
                }
            ),
        ]
        for (what, answer) in cases {
            try await FakeRegistry.with(FakeRegistry.Script(answer)) { server async throws in
                try await withTemporaryFolder { directory async throws in
                    try await withStore(in: directory) { store async throws in
                        let reference = "\(server.authority)/test/image" + (what == "other diff_id" ? ":1" : "@\(image.digest)")
                        let failure = await #expect(throws: ImageFailure.self, "\(what)") { try await store.pull(reference, credentials: []) }
                        #expect(failure?.code == .pullFailed, "\(what): \(failure?.message ?? "")")
                        #expect(failure?.message.contains("found") == true, "\(what)")
                        #expect(await store.images().isEmpty)
                        #expect(try DirectoryListing.names(at: directory + "/ingest").isEmpty)
                        #expect(try DirectoryListing.names(at: directory + "/layers").count <= 1, "\(what)")
                    }
                }
            }
        }
    }

    @Test("a broken download continues where it stopped")
    func brokenDownloadsContinue() async throws {
        var tar = TarArchive()
        tar.file("big", String(repeating: "0123456789", count: 300_000))
        let image = TestImage(layers: [tar.finished])
        for ranges in [true, false] {
            let attempts = Mutex(0)
            try await FakeRegistry.with(
                FakeRegistry.Script { request in
                    guard request.path.contains("\(image.layers[0])") else { return honest(image)(request) }
                    let attempt = attempts.withLock {
                        $0 += 1
                        return $0
                    }
                    var reply = honest(image)(request)
                    let total = reply.body.count
                    if ranges, let range = request.headers.first(name: "Range"), let start = Int(range.dropFirst(6).prefix { $0 != "-" }) {
                        reply.status = .partialContent
                        reply.headers = [("Content-Range", "bytes \(start)-\(total - 1)/\(total)")]
                        reply.body = Array(reply.body[start...])
                    }
                    if attempt <= 3 {
                        reply.cutAfter = min(700_000, reply.body.count - 1)
                        reply.stalls = attempt == 2
                    }
                    return reply
                }
            ) { server async throws in
                try await withTemporaryFolder { directory async throws in
                    try await withStore(in: directory, stall: .seconds(5)) { store async throws in
                        let pulled = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                        #expect(try FileStatus(of: pulled.lowerDirectories[0] + "/big").size == 3_000_000)
                        let asked = server.requests.filter { $0.path.contains("\(image.layers[0])") }.map { $0.headers.first(name: "Range") }
                        #expect(asked.count == 4)
                        #expect(asked[0] == nil && asked[1]?.hasPrefix("bytes=") == true)
                    }
                }
            }
        }
    }

    @Test("a busy registry is tried again")
    func retryAfter() async throws {
        let image = Self.image()
        let count = Mutex(0)
        try await FakeRegistry.with(
            FakeRegistry.Script { request in
                let number = count.withLock {
                    $0 += 1
                    return $0
                }
                if number == 1 { return FakeRegistry.Reply(status: .tooManyRequests, headers: [("Retry-After", "0")]) }
                if number == 3 { return FakeRegistry.Reply(status: .serviceUnavailable) }
                return honest(image)(request)
            }
        ) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    _ = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                }
            }
        }
    }
}
