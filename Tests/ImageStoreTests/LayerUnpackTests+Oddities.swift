import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import ImageStore

/// Tar streams as builders really write them.
extension LayerUnpackTests {
    @Test(
        "times before 1970 and parts of a second are kept",
        arguments: [
            ("-1", -1_000_000_000), ("-86400", -86_400_000_000_000), ("1600000000.25", 1_600_000_000_250_000_000),
            ("1600000000.123456789", 1_600_000_000_123_456_789), ("0", 0),
        ])
    func oddTimes(_ text: String, _ nanoseconds: Int) async throws {
        let layer = tar {
            $0.pax([("mtime", Array(text.utf8))])
            $0.file("file")
            $0.pax([("mtime", Array(text.utf8))])
            $0.directory("directory/")
            $0.pax([("mtime", Array(text.utf8))])
            $0.symlink("link", to: "file")
        }
        try await unpack(layer) { (root, _) async throws in
            for name in ["file", "directory", "link"] { #expect(try FileStatus(of: "\(root)/\(name)").modified == Int64(nanoseconds), "\(name)") }
        }
    }

    @Test("a time before 1970 in base-256 is kept")
    func binaryTimes() async throws {
        let layer = tar { $0.add(TarArchive.Entry(name: Array("file".utf8), rawModified: [UInt8](repeating: 255, count: 11) + [0xfe])) }
        try await unpack(layer) { (root, _) async throws in
            #expect(try FileStatus(of: root + "/file").modified == -2_000_000_000)
        }
    }

    @Test("extended headers count in archives whose entries lack the magic word of ustar")
    func paxWithoutMagic() async throws {
        var archive = TarArchive()
        archive.magic = []
        let long = String(repeating: "long", count: 40)
        archive.pax([("path", Array(long.utf8)), ("mtime", Array("1600000000.5".utf8))])
        archive.file("short", "content")
        archive.file("other", "more")
        try await unpack(archive.finished) { (root, report) async throws in
            #expect(report.entries == 2)
            #expect(try SmallFile.text("\(root)/\(long)") == "content")
            #expect(try FileStatus(of: "\(root)/\(long)").modified == 1_600_000_000_500_000_000)
            #expect(try SmallFile.text(root + "/other") == "more")
        }
    }

    @Test("a directory without an entry that a later entry replaces does not get the attributes of the one below")
    func replacedDirectory() async throws {
        let layer = tar {
            $0.file("kept/file")
            $0.file("first/file")
            $0.file("first")
            $0.file("second/below/file")
            $0.symlink("second", to: "kept")
        }
        try await unpack(layer) { (root, report) async throws in
            #expect(report.implied.map(\.text) == ["kept"])
            #expect(try FileStatus(of: root + "/first").kind == .file)
        }
    }

    @Test("whiteouts stay in the layer, whatever path they take")
    func whiteoutPaths() async throws {
        for name in ["d/.wh./../../victim", "s/.wh.victim", "s/.wh..wh..opq"] {
            let layer = tar {
                $0.directory("d/")
                $0.symlink("s", to: "../..")
                $0.file(name, "")
            }
            // Refused or inside the layer; the victim is checked by both.
            do {
                try await unpack(layer) { _, _ in }
            } catch let error as ImageStoreError {
                #expect(error.code == .malformed, "\(name): \(error)")
            }
        }
    }
}
