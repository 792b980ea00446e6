import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import ImageStore

@Suite(.enabled(if: isRoot, "needs root")) struct HollowLayerTests {
    /// Empty files, compressed as a member of a gzip stream: members in a row are one stream.
    private static func empty(_ count: Int, in directory: String) async throws -> [UInt8] {
        var archive = TarArchive()
        for number in 0..<count { archive.file("f\(number)", "") }
        return try await TestImage.compress(archive.bytes, with: "/usr/bin/gzip", in: directory)
    }

    private static func noise(_ size: Int, in directory: String) async throws -> [UInt8] {
        var generator = SeededGenerator(seed: 9)
        var content: [UInt8] = []
        while content.count < size { withUnsafeBytes(of: generator.next()) { content += $0 } }
        var archive = TarArchive()
        archive.add(.init(name: Array("disk.img".utf8), content: content))
        return try await TestImage.compress(archive.bytes, with: "/usr/bin/gzip", in: directory)
    }

    private static func repeated(_ member: [UInt8], _ count: Int) -> [UInt8] {
        var stream: [UInt8] = []
        stream.reserveCapacity(member.count * count)
        for _ in 0..<count { stream += member }
        return stream
    }

    private static func files(_ directory: String) throws -> Int { try DirectoryListing.names(at: directory + "/layer").count }

    private static func refusal(_ layer: [UInt8], in directory: String) throws -> ImageStoreError {
        try #require(throws: ImageStoreError.self) { try LayerUnpackTests.unpack(layer, in: directory, limits: ImageLimits()) }
    }

    @Test("a bomb of a million entries is refused before any of them is made")
    func bomb() async throws {
        try await withTemporaryFolder { directory async throws in
            let bomb = try await Self.repeated(Self.empty(1000, in: directory), 1000) + Self.empty(1, in: directory)
            #expect(bomb.count < 20 << 20)
            let error = try Self.refusal(bomb, in: directory)
            #expect(error.code == .tooLarge)
            #expect(error.detail.contains("found more than 500000 entries; if this image is wanted, raise imageLimits.layerEntries"))
            #expect(try Self.files(directory) == 0)
        }
    }

    @Test("so is a layer without compression")
    func plainBomb() async throws {
        try await withTemporaryFolder { directory async throws in
            var archive = TarArchive()
            for number in 0..<HollowLayerCheck.window * 2 { archive.file("f\(number)") }
            var limits = ImageLimits()
            limits.entries = HollowLayerCheck.window + 1000
            let error = try #require(throws: ImageStoreError.self) { try LayerUnpackTests.unpack(archive.finished, in: directory, limits: limits) }
            #expect(error.detail.contains("more than 5096 entries"))
            #expect(try Self.files(directory) == 0)
        }
    }

    @Test("a bomb behind a file with content is refused after its first window")
    func bombBehindContent() async throws {
        try await withTemporaryFolder { directory async throws in
            let bomb = try await Self.noise(9 << 20, in: directory) + Self.repeated(Self.empty(5000, in: directory), 101)
            let error = try Self.refusal(bomb, in: directory)
            #expect(error.detail.contains("more than 500000 entries"))
            #expect(try Self.files(directory) <= HollowLayerCheck.window * 2)
        }
    }

    @Test("a layer that looks hollow and holds fewer entries is unpacked")
    func hollowBeginning() async throws {
        try await withTemporaryFolder { directory async throws in
            let layer = try await Self.empty(HollowLayerCheck.window, in: directory) + Self.noise(1 << 20, in: directory)
            var limits = ImageLimits()
            // Less than the rest could hold.
            limits.entries = 6000
            let report = try LayerUnpackTests.unpack(layer, in: directory, limits: limits)
            #expect(report.entries == HollowLayerCheck.window + 1)
            #expect(try Self.files(directory) == HollowLayerCheck.window + 1)
            #expect(try FileStatus(of: directory + "/layer/disk.img").size >= 1 << 20)
        }
    }
}
