import Glibc
import LinuxSystem
import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// Downloads that go on after a restart.
@Suite(.enabled(if: isRoot, "needs root")) struct ResumeTests {
    private static let image: TestImage = {
        var tar = TarArchive()
        tar.file("big", String(repeating: "0123456789", count: 300_000))
        return TestImage(layers: [tar.finished])
    }()

    /// Serves the image with ranges; the blob's first answers are cut.
    private static func script(cuts: Int) -> FakeRegistry.Script {
        let answers = Mutex(0)
        return FakeRegistry.Script { request in
            guard request.path.contains("\(image.layers[0])") else { return honest(image)(request) }
            var reply = honest(image)(request)
            let total = reply.body.count
            if let range = request.headers.first(name: "Range"), let start = Int(range.dropFirst(6).prefix { $0 != "-" }) {
                reply.status = .partialContent
                reply.headers = [("Content-Range", "bytes \(start)-\(total - 1)/\(total)")]
                reply.body = Array(reply.body[start...])
            }
            let isCut = answers.withLock { count in
                count += 1
                return count <= cuts
            }
            if isCut { reply.cutAfter = 100_000 }
            return reply
        }
    }

    private static func ranges(_ server: FakeRegistry) -> [String?] {
        server.requests.filter { $0.path.contains("\(image.layers[0])") }.map { $0.headers.first(name: "Range") }
    }

    @Test("a pull after a restart continues where the one before stopped")
    func continues() async throws {
        try await FakeRegistry.with(Self.script(cuts: 1)) { server async throws in
            try await withTemporaryFolder { directory async throws in
                let partial = "\(directory)/ingest/\(Self.image.layers[0].hex)"
                try Directories.make(directory + "/ingest")
                // A killed process leaves the beginning of the blob.
                try AtomicFile.replace(partial, with: Array(Self.image.blobs[Self.image.layers[0]]!.prefix(1_000_000)))
                try await withStore(in: directory) { store async throws in
                    #expect(access(partial, F_OK) == 0)
                    #expect(await store.images().isEmpty)
                    #expect(try await store.usage().downloadBytes > 0)
                    let pulled = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    #expect(try FileStatus(of: pulled.lowerDirectories[0] + "/big").size == 3_000_000)
                    #expect(try DirectoryListing.names(at: directory + "/ingest").isEmpty)
                    #expect(try await store.verify().map(\.problems) == [[]])
                }
                #expect(Self.ranges(server).first??.hasPrefix("bytes=1000000-") == true)
            }
        }
    }

    @Test("a download that was damaged meanwhile begins again")
    func damaged() async throws {
        try await FakeRegistry.with(Self.script(cuts: 0)) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try Directories.make(directory + "/ingest")
                let blob = Self.image.blobs[Self.image.layers[0]]!
                for partial in [[UInt8](repeating: 7, count: 1_000_000), blob + [1, 2, 3], [UInt8](repeating: 7, count: blob.count)] {
                    try AtomicFile.replace("\(directory)/ingest/\(Self.image.layers[0].hex)", with: partial)
                    try await withStore(in: directory) { store async throws in
                        let pulled = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                        #expect(try FileStatus(of: pulled.lowerDirectories[0] + "/big").size == 3_000_000)
                        _ = try await store.removeImage(pulled.id, unusedFor: .zero, keeping: [])
                    }
                }
            }
        }
    }

    @Test("a download that failed is kept for the next try, and removed when it is old")
    func leftovers() async throws {
        try await FakeRegistry.with(
            FakeRegistry.Script { request in
                var reply = honest(Self.image)(request)
                if request.path.contains("\(Self.image.layers[0])") {
                    if request.headers.first(name: "Range") != nil { return FakeRegistry.Reply(status: .serviceUnavailable) }
                    reply.cutAfter = 100_000
                }
                return reply
            }
        ) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    await #expect(throws: ImageFailure.self) { try await store.pull("\(server.authority)/test/image:1", credentials: []) }
                    let partial = "\(directory)/ingest/\(Self.image.layers[0].hex)"
                    #expect(try FileStatus(of: partial).size > 0)
                    #expect(try DirectoryListing.names(at: directory + "/layers").isEmpty)
                    #expect(try await store.removeLeftovers(olderThan: .seconds(3600), keeping: []) == 0)
                    #expect(access(partial, F_OK) == 0)
                    #expect(try await store.removeLeftovers(olderThan: .zero, keeping: []) > 0)
                    #expect(access(partial, F_OK) != 0)
                }
            }
        }
    }
}
