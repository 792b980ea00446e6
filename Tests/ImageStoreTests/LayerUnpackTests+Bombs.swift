import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import ImageStore

extension LayerUnpackTests {
    /// A zstd stream with a tar entry of `zeros` zeros behind `noise`.
    static func hollow(zeros: Int, noise: [UInt8] = []) -> [UInt8] {
        var archive = TarArchive()
        archive.add(TarArchive.Entry(name: Array("disk.img".utf8), size: zeros + noise.count))
        // Magic number, no content size, a window of 128 KiB.
        var stream: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
        func block(_ type: Int, _ size: Int, _ content: some Sequence<UInt8>) {
            let header = type << 1 | size << 3
            stream += [UInt8(header & 255), UInt8(header >> 8 & 255), UInt8(header >> 16 & 255)] + content
        }
        var raw = archive.bytes + noise
        while !raw.isEmpty {
            let part = raw.prefix(128 << 10)
            block(0, part.count, part)
            raw.removeFirst(part.count)
        }
        var left = zeros
        while left > 0 {
            block(1, min(left, 128 << 10), [0])
            left -= min(left, 128 << 10)
        }
        // The last block, empty. The entry's last part and the end of the archive are left out.
        stream += [1, 0, 0]
        return stream
    }

    @Test("a layer that grows beyond the allowed ratio is refused by a message that names the setting (CVE-2025-4437)")
    func bomb() async throws {
        let bomb = Self.hollow(zeros: 10 << 30)
        #expect(bomb.count < 400_000)
        let before = try Self.peak()
        let error = try await refused(bomb)
        #expect(error.code == .tooLarge)
        #expect(error.detail.contains("in \(bomb.count), wanted at most 2000 times as many"))
        #expect(error.detail.contains("imageLimits.layerRatio"))
        #expect(try Self.peak() - before < 64 << 20, "the memory stays flat")
    }

    @Test("a disk image of zeros with a little content is unpacked, and takes no more room than its content")
    func sparseDiskImage() async throws {
        var generator = SeededGenerator(seed: 7)
        let noise = (0..<(1 << 20)).map { _ in UInt8.random(in: 0...255, using: &generator) }
        let layer = Self.hollow(zeros: 1 << 30, noise: noise)
        #expect((1 << 30) / layer.count > 900)
        try await withTemporaryFolder { directory async throws in
            _ = try Self.unpack(layer, in: directory, limits: ImageLimits())
            let file = directory + "/layer/disk.img"
            let status = try FileStatus(of: file)
            #expect(status.size == 1 << 30 + 1 << 20)
            #expect(status.allocated < 8 << 20)
            #expect(try OwnedFileDescriptor.open(file, O_RDONLY).read(upTo: 1 << 20) == noise)
        }
    }

    @Test("a layer that would leave too little room on the disk is refused by a message that names the setting")
    func freeSpace() async throws {
        var limits = ImageLimits()
        limits.freeBytes = 1 << 60
        let error = try await refused(tar { $0.file("f") }, limits: limits)
        #expect(error.code == .noRoom)
        #expect(error.detail.contains("bytes free in the image store, wanted at least \(1 << 60)"))
        #expect(error.detail.contains("imageLimits.freeSpace"))
    }

    /// The largest resident memory of this process so far, in bytes.
    private static func peak() throws -> Int {
        let line = try SmallFile.text("/proc/self/status").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        return (line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0) * 1024
    }
}
