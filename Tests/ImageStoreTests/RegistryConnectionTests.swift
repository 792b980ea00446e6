import AsyncHTTPClient
import LinuxSystem
import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import ImageStore

/// Connections and tokens, which the downloads of a node share.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct RegistryConnectionTests {
    @Test("every layer of many pulls from one server gets a connection at once")
    func manyDownloads() async throws {
        let images = (0..<4).map { number in
            TestImage(
                layers: (0..<3).map { layer in
                    var tar = TarArchive()
                    tar.file("name", "\(number) \(layer)")
                    return tar.finished
                })
        }
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let script = FakeRegistry.Script { request in
            let name = request.path.split(separator: "/").last.map(String.init) ?? ""
            if request.path.contains("/manifests/"), let number = Int(name) {
                return FakeRegistry.Reply(headers: [("Content-Type", MediaType.ociManifest)], body: images[number].manifest)
            }
            guard let digest = ContentDigest(name), let image = images.first(where: { $0.blobs[digest] != nil }) else { return .missing }
            guard image.layers.contains(digest) else { return FakeRegistry.Reply(body: image.blobs[digest] ?? []) }
            arrived.yield()
            return FakeRegistry.Reply(body: image.blobs[digest] ?? [], cutAfter: 1, stalls: true)
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let count = await withTaskGroup(of: Void.self, returning: Int.self) { group in
                        for number in images.indices {
                            group.addTask {
                                _ = try? await store.pull("\(server.authority)/test/image:\(number)", credentials: [])
                                arrived.finish()
                            }
                        }
                        var count = 0
                        for await _ in arrivals {
                            count += 1
                            if count == 12 { break }
                        }
                        group.cancelAll()
                        return count
                    }
                    #expect(count == 12)
                }
            }
        }
    }

    /// The answers that the server has given.
    private struct Answers {
        var tokens = 0
        /// Requests that came with a token that has expired.
        var refused = 0
    }

    @Test("when a token expires under several downloads at once, one new token serves all of them")
    func expiredToken() async throws {
        let downloads = 3
        let address = Mutex("")
        let answers = Mutex(Answers())
        let script = FakeRegistry.Script { request in
            answers.withLock { answers in
                if request.path == "/token" {
                    // The second token is late: by then the first has been refused to every download.
                    if answers.tokens > 0, answers.refused < downloads {
                        return FakeRegistry.Reply(status: .serviceUnavailable, headers: [("Retry-After", "0")])
                    }
                    answers.tokens += 1
                    return FakeRegistry.Reply(body: Array("{\"token\":\"number-\(answers.tokens)\"}".utf8))
                }
                let wanted = request.path.hasSuffix("first") ? 1 : 2
                if request.headers.first(name: "Authorization") == "Bearer number-\(wanted)" { return FakeRegistry.Reply(body: [1]) }
                if wanted == 2 { answers.refused += 1 }
                let challenge = "Bearer realm=\"http://\(address.withLock { $0 })/token\",service=\"fake\",scope=\"repository:test/image:pull\""
                return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", challenge)])
            }
        }
        try await FakeRegistry.with(script) { server async throws in
            address.withLock { $0 = server.authority }
            var timing = RegistryTiming()
            timing.retries = .max
            let pool = BlockingPool(name: "images", threads: 1, queueLimit: 16)
            let transport = RegistryTransport(
                configuration: RegistryConfiguration(), timing: timing, time: SystemTime(), pool: pool, logger: .silent)
            let endpoint = try #require(try RegistryEndpoint.all(of: server.authority, in: RegistryConfiguration()).last)
            let session = await RegistrySession.begin(transport, at: endpoint, path: "test/image", credentials: [])
            let outcome = await Result {
                _ = try await session.get("blobs/first", headers: [:])
                return try await withThrowingTaskGroup(of: UInt.self) { group in
                    for number in 0..<downloads {
                        group.addTask { try await session.get("blobs/\(number)", headers: [:]).response.status.code }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
            }
            await transport.clients.shutdown()
            #expect(try outcome.get() == [UInt](repeating: 200, count: downloads))
            #expect(answers.withLock { $0.tokens } == 2)
        }
    }

    @Test("a request on a connection that the server has just closed is sent again, once")
    func lostConnection() async throws {
        let image = PullTests.image()
        for isLastingFault in [false, true] {
            let configurations = Mutex(0)
            let script = FakeRegistry.Script { request in
                guard request.path.hasSuffix("\(image.config)") else { return honest(image)(request) }
                let count = configurations.withLock {
                    $0 += 1
                    return $0
                }
                return count == 1 || isLastingFault ? FakeRegistry.Reply(isDropped: true) : honest(image)(request)
            }
            try await FakeRegistry.with(script) { server async throws in
                try await withTemporaryFolder { directory async throws in
                    try await withStore(in: directory) { store async throws in
                        let outcome = await Result { try await store.pull("\(server.authority)/test/image:1", credentials: []) }
                        #expect(((try? outcome.get()) == nil) == isLastingFault)
                        #expect(configurations.withLock { $0 } == 2)
                    }
                }
            }
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
