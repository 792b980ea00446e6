import Glibc
import LinuxSystem
import NIOCore
import NIOHTTP1
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

/// Downloads onto a disk with little room.
@Suite(.enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1))) struct FullDiskTests {
    private static let mebibyte = 1 << 20
    /// A file of zeros, which takes no room when it is unpacked.
    private static func image(mebibytes: Int) -> TestImage {
        var tar = TarArchive()
        tar.file("big", String(repeating: "\0", count: mebibytes << 20))
        return TestImage(layers: [tar.finished])
    }

    /// Runs `body` with a disk that images may fill to its last byte.
    private func withDisk(mebibytes: Int, _ body: (_ directory: String, ImageLimits) async throws -> Void) async throws {
        try await withTemporaryFolder { directory async throws in
            try Mounts.tmpfs(at: directory, options: ["size=\(mebibytes)m"])
            var limits = ImageLimits()
            limits.freeBytes = 0
            try await body(directory, limits)
        }
    }

    @Test("a disk that fills up during a download is the reason, and the pull succeeds once there is room again")
    func fillsUp() async throws {
        let image = Self.image(mebibytes: 3)
        let layer = image.layers[0]
        let size = image.blobs[layer]?.count ?? 0
        try await withDisk(mebibytes: 8) { directory, limits async throws in
            let other = directory + "/other"
            let requests = Mutex(0)
            let script = FakeRegistry.Script { request in
                guard request.path.hasSuffix("\(layer)") else { return honest(image)(request) }
                let isFirst = requests.withLock {
                    $0 += 1
                    return $0 == 1
                }
                if isFirst { try? Self.fill(other, except: Self.mebibyte * 3 / 2) }
                return honest(image)(request)
            }
            try await FakeRegistry.with(script) { server async throws in
                try await withStore(in: directory + "/store", limits: limits) { store async throws in
                    let reference = "\(server.authority)/test/image:1"
                    let failure = await #expect(throws: ImageFailure.self) { try await store.pull(reference, credentials: []) }
                    #expect(failure?.code == .noRoom && failure?.freeBytes == Int64(size))
                    #expect(failure?.message.contains("disk full") == true, "\(failure?.message ?? "")")
                    #expect(requests.withLock { $0 } == 1, "no server can help")
                    #expect(try DirectoryListing.names(at: directory + "/store/ingest") == [])
                    try AtomicFile.remove(other)
                    let pulled = try await store.pull(reference, credentials: [])
                    #expect(try FileStatus(of: pulled.lowerDirectories[0] + "/big").size == UInt64(3 * Self.mebibyte))
                }
            }
        }
    }

    @Test("downloads leave the reserve of the disk free, whatever else is written meanwhile")
    func reserve() async throws {
        let image = Self.image(mebibytes: 3)
        try await withDisk(mebibytes: 8) { directory, limits async throws in
            let script = FakeRegistry.Script { request in
                if request.path.hasSuffix("\(image.layers[0])") { try? Self.fill(directory + "/other", except: Self.mebibyte * 5 / 2) }
                return honest(image)(request)
            }
            var limits = limits
            limits.freeBytes = Int64(Self.mebibyte)
            try await FakeRegistry.with(script) { server async throws in
                try await withStore(in: directory + "/store", limits: limits) { store async throws in
                    let failure = await #expect(throws: ImageFailure.self) {
                        try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    }
                    #expect(failure?.code == .noRoom)
                    #expect(failure?.message.contains("wanted at least \(Self.mebibyte)") == true, "\(failure?.message ?? "")")
                }
            }
        }
    }

    /// Leaves so many bytes of the disk free.
    private static func fill(_ path: String, except rest: Int) throws {
        let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
        let available = try FileSystemStats(path: path).available
        let number = file.withRawValue { posix_fallocate($0, 0, off_t(available) - off_t(rest)) }
        if number != 0 { throw SystemError(call: "posix_fallocate", path: path, errno: number) }
    }

    @Test("a write that the disk takes a part of is hashed as far as it went")
    func partOfAWrite() async throws {
        try await withDisk(mebibytes: 1) { directory, _ async throws in
            let file = try BlobFile(path: directory + "/blob")
            #expect(throws: SystemError.self) { try file.append([ByteBuffer(repeating: 7, count: 2 * Self.mebibyte)]) }
            let size = try FileStatus(of: directory + "/blob").size
            #expect(size > 0 && file.count == Int64(size))
        }
    }

    @Test("a download that goes on needs room for its rest alone")
    func restOfADownload() async throws {
        let image = Self.image(mebibytes: 4)
        let layer = image.layers[0]
        let script = FakeRegistry.Script { request in
            var reply = honest(image)(request)
            if let range = request.headers.first(name: "Range").flatMap({ Int($0.dropFirst(6).prefix { $0 != "-" }) }) {
                reply.status = .partialContent
                reply.headers = [("Content-Range", "bytes \(range)-\(reply.body.count - 1)/\(reply.body.count)")]
                reply.body = Array(reply.body[range...])
            }
            return reply
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withDisk(mebibytes: 6) { directory, limits async throws in
                let partial = "\(directory)/store/ingest/\(layer.hex)"
                try Directories.make(directory + "/store/ingest")
                try AtomicFile.replace(partial, with: Array(image.blobs[layer]?.prefix(3 * Self.mebibyte) ?? []))
                try await withStore(in: directory + "/store", limits: limits) { store async throws in
                    let pulled = try await store.pull("\(server.authority)/test/image:1", credentials: [])
                    #expect(try FileStatus(of: pulled.lowerDirectories[0] + "/big").size == UInt64(4 * Self.mebibyte))
                }
            }
        }
    }
}
