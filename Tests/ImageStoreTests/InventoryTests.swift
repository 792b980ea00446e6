import CLinux
import Glibc
import LinuxSystem
import NIOHTTP1
import PodCore
import TestSupport
import Testing

@testable import ImageStore

/// Removal, pins and leftovers.
@Suite(.enabled(if: isRoot, "needs root")) struct InventoryTests {
    /// Two images of one base.
    private static func pair() -> (first: TestImage, second: TestImage) {
        func image(_ content: String) -> TestImage {
            var base = TarArchive()
            base.file("base", String(repeating: "b", count: 1000))
            var top = TarArchive()
            top.file("top", content)
            return TestImage(layers: [base.finished, top.finished])
        }
        return (image("first"), image("the second"))
    }

    private func withPair(
        _ body: (ImageStore, _ directory: String, _ first: ImageDescription, _ second: ImageDescription) async throws -> Void
    ) async throws {
        let (first, second) = Self.pair()
        let answer = honest(first, tags: ["2": second.manifest])
        let others = honest(second)
        let script = FakeRegistry.Script { request in
            let reply = answer(request)
            return reply.status == .notFound ? others(request) : reply
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let one = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    let two = try await store.pull("\(server.authority)/test/image:2", credentials: [])
                    try await body(store, directory, one, two)
                }
            }
        }
    }

    @Test("an image is removed with the layers and documents that no other image has")
    func removal() async throws {
        try await withPair { store, directory, first, second async throws in
            let before = await store.storedImages()
            #expect(before.map(\.ownBytes).sorted() == [5, 10])
            #expect(before.map(\.unpackedBytes).sorted() == [1005, 1010])
            #expect(try await store.removeImage(first.id, unusedFor: .zero, keeping: []) == 5)
            #expect(access(first.lowerDirectories[0], F_OK) != 0)
            #expect(try SmallFile.text(second.lowerDirectories[1] + "/base").count == 1000)
            #expect(try await store.image(first.names[0]) == nil)
            #expect(try DirectoryListing.names(at: directory + "/blobs/sha256").count == 2)
            #expect(try await store.verify().map(\.problems) == [[]])
            #expect(try await store.removeImage(first.id, unusedFor: .zero, keeping: []) == nil)
            #expect(try await store.removeImage(second.id, unusedFor: .zero, keeping: []) == 1010)
            #expect(try DirectoryListing.names(at: directory + "/layers").isEmpty)
            #expect(try DirectoryListing.names(at: directory + "/blobs/sha256").isEmpty)
            #expect(try await store.usage().layers == 0)
        }
    }

    @Test("directories that are in use stay, and go as leftovers later")
    func usedLayers() async throws {
        try await withPair { store, _, first, second async throws in
            #expect(try await store.removeImage(first.id, unusedFor: .zero, keeping: [first.lowerDirectories[0]]) == 0)
            #expect(access(first.lowerDirectories[0] + "/top", F_OK) == 0)
            #expect(try await store.usage().looseLayers == 1)
            #expect(try await store.removeLeftovers(olderThan: .zero, keeping: [first.lowerDirectories[0]]) == 0)
            #expect(try await store.removeLeftovers(olderThan: .zero, keeping: []) == 5)
            #expect(access(first.lowerDirectories[0], F_OK) != 0)
            #expect(access(second.lowerDirectories[0] + "/top", F_OK) == 0)
        }
    }

    @Test("an image that was just asked for stays, and one that is being removed is not given out")
    func handedOut() async throws {
        try await withPair { store, _, first, _ async throws in
            #expect(try await store.image(first.id) != nil)
            #expect(try await store.removeImage(first.id, unusedFor: .seconds(60), keeping: []) == nil)
            #expect(store.use.leave(first.id, unusedFor: .zero))
            #expect(try await store.image(first.id) == nil)
            store.use.stay(first.id)
            #expect(try await store.image(first.id) != nil)
        }
    }

    @Test("a pin keeps an image, and outlives the process")
    func pins() async throws {
        let (first, _) = Self.pair()
        try await FakeRegistry.with(FakeRegistry.Script(honest(first))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                let name = "\(server.authority)/test/image:1"
                try await withStore(in: directory) { store async throws in
                    _ = try await store.pull(name, credentials: [])
                    #expect(try await store.pin(name, true))
                    #expect(try await store.pin("none.test/image:1", true) == false)
                }
                try await withStore(in: directory) { store async throws in
                    let image = try #require(await store.storedImages().first)
                    #expect(image.isPinned)
                    let failure = await #expect(throws: ImageFailure.self) {
                        try await store.removeImage(image.image.id, unusedFor: .zero, keeping: [])
                    }
                    #expect(failure?.message.contains("pinned") == true)
                    #expect(try await store.image(name) != nil)
                    // Pulled again, it stays pinned.
                    _ = try await store.pull(name, credentials: [])
                    #expect(await store.storedImages().first?.isPinned == true)
                    #expect(try await store.pin(image.image.id, false))
                    #expect(try await store.removeImage(image.image.id, unusedFor: .zero, keeping: []) != nil)
                }
            }
        }
    }

    @Test("the last use of an image outlives the process")
    func lastUse() async throws {
        try await withPair { store, directory, first, second async throws in
            let path = "\(directory)/blobs/sha256/"
            for (image, time) in [(first, 1000), (second, 2000)] {
                let times = [timespec](repeating: timespec(tv_sec: time, tv_nsec: 0), count: 2)
                #expect(utimensat(AT_FDCWD, path + String(image.id.dropFirst(7)), times, 0) == 0)
            }
            let before = await store.storedImages()
            #expect(before.first { $0.image.id == first.id }?.lastUse == 1000)
            #expect(before.first { $0.image.id == second.id }?.lastUse == 2000)
            await store.noteUse(of: [first.id])
            let uses = await store.storedImages()
            #expect(uses.first { $0.image.id == first.id }?.lastUse ?? 0 > 1_000_000_000)
            #expect(uses.first { $0.image.id == second.id }?.lastUse == 2000)
        }
    }

    @Test("one of several names is taken away without the image")
    func names() async throws {
        let (first, _) = Self.pair()
        try await FakeRegistry.with(FakeRegistry.Script(honest(first, tags: ["also": first.manifest]))) { server async throws in
            try await withTemporaryFolder { directory async throws in
                try await withStore(in: directory) { store async throws in
                    let image = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    _ = try await store.pull("\(server.authority)/test/image:also", credentials: [])
                    #expect(try await store.removeName("\(server.authority)/test/image:1", of: image.id))
                    #expect(try await store.image("\(server.authority)/test/image:1") == nil)
                    #expect(try await store.removeName("\(server.authority)/test/image:also", of: image.id) == false)
                    #expect(try await store.image("\(server.authority)/test/image:also")?.id == image.id)
                }
            }
        }
    }

    @Test("damage is found, and named with its image")
    func verification() async throws {
        try await withPair { store, directory, first, second async throws in
            #expect(try await store.verify().map(\.problems) == [[], []])
            try AtomicFile.replace(first.lowerDirectories[0] + "/top", with: "fir", mode: 0o644)
            var findings = try await store.verify()
            #expect(findings.first { $0.id == first.id }?.problems.first?.contains("has changed since it was unpacked") == true)
            #expect(findings.first { $0.id == second.id }?.problems == [])
            try AtomicFile.replace("\(directory)/blobs/sha256/\(second.id.dropFirst(7))", with: "{}")
            try TreeRemoval.remove(second.lowerDirectories[1])
            findings = try await store.verify()
            let problems = try #require(findings.first { $0.id == second.id }?.problems)
            #expect(problems.count == 2)
            #expect(problems[0].contains("configuration") && problems[1].contains("cannot be read"))
        }
    }

    @Test("a store has one process at a time")
    func lock() async throws {
        try await withTemporaryFolder { directory async throws in
            try await withStore(in: directory) { _ async throws in
                let failure = await #expect(throws: ImageFailure.self) { try await withStore(in: directory) { _ in } }
                #expect(failure?.message.contains("another process uses this image store") == true)
            }
            try await withStore(in: directory) { _ in }
        }
    }
}
