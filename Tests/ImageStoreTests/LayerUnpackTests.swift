import CLinux
import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import ImageStore

@Suite(.enabled(if: isRoot, "needs root")) struct LayerUnpackTests {
    /// Unpacks into `<directory>/layer`, beside a file that no layer may touch.
    func unpack(_ tar: [UInt8], limits: ImageLimits = ImageLimits(), _ check: (String, LayerReport) async throws -> Void) async throws {
        try await withTemporaryFolder { directory async throws in
            let report = try Self.unpack(tar, in: directory, limits: limits)
            #expect(report.diffID == ContentHasher.digest(of: tar))
            try await check(directory + "/layer", report)
            #expect(try SmallFile.text(directory + "/victim") == "untouched")
            #expect(try FileStatus(of: directory + "/victim").mode == 0o600)
            #expect(try DirectoryListing.names(at: directory) == ["blob", "layer", "victim"])
        }
    }

    static func unpack(_ bytes: [UInt8], in directory: String, limits: ImageLimits) throws -> LayerReport {
        try AtomicFile.replace(directory + "/victim", with: "untouched")
        try AtomicFile.replace(directory + "/blob", with: bytes)
        try Directories.make(directory + "/layer")
        let blob = try OwnedFileDescriptor.open(directory + "/blob", O_RDONLY)
        let root = try OwnedFileDescriptor.open(directory + "/layer", O_RDONLY | O_DIRECTORY)
        return try blob.withRawValue { try LayerExtraction.run(blob: $0, compressedBytes: Int64(bytes.count), into: root, limits: limits) }
    }

    func refused(_ tar: [UInt8], limits: ImageLimits = ImageLimits()) async throws -> ImageStoreError {
        try await withTemporaryFolder { directory async throws in
            let error = try #require(throws: ImageStoreError.self) { try Self.unpack(tar, in: directory, limits: limits) }
            #expect(try SmallFile.text(directory + "/victim") == "untouched")
            #expect(try FileStatus(of: directory + "/victim").mode == 0o600)
            #expect(try DirectoryListing.names(at: directory) == ["blob", "layer", "victim"])
            return error
        }
    }

    func tar(_ build: (inout TarArchive) -> Void) -> [UInt8] {
        var archive = TarArchive()
        build(&archive)
        return archive.finished
    }

    @Test("files, links, devices and directories get content, owner, mode and time")
    func ordinaryEntries() async throws {
        let bytes = tar {
            $0.directory("./", mode: 0o750, uid: 3, gid: 4)
            $0.directory("bin/", mode: 0o555)
            $0.file("bin/su", "program", mode: 0o4755, uid: 5, gid: 6)
            $0.hardlink("bin/sudo", to: "bin/su")
            $0.symlink("sh", to: "/bin/busybox")
            $0.add(.init(name: Array("null".utf8), type: "3", mode: 0o666, major: 1, minor: 3))
            $0.add(.init(name: Array("pipe".utf8), type: "6", mode: 0o600))
            $0.file("/absolute", "inside")
            $0.add(.init(name: [0x66, 0xff, 0xfe], content: [1]))
            $0.pax([
                ("SCHILY.xattr.user.note", Array("hello".utf8)), ("SCHILY.xattr.trusted.overlay.opaque", Array("y".utf8)),
                ("path", Array("\u{e9}t\u{e9}".utf8)),
            ])
            $0.file("short")
        }
        try await unpack(bytes) { (root, report) async throws in
            #expect(report.entries == 10)
            #expect(report.implied.isEmpty)
            #expect(report.bytes == 7 + 6 + 1 + 1)
            let top = try FileStatus(of: root)
            #expect(top.mode == 0o750 && top.uid == 3 && top.gid == 4)
            let su = try FileStatus(of: root + "/bin/su")
            #expect(su.mode == 0o4755 && su.uid == 5 && su.gid == 6 && su.links == 2 && su.modified == 1_600_000_000_000_000_000)
            #expect(try FileStatus(of: root + "/bin/sudo").inode == su.inode)
            let bin = try FileStatus(of: root + "/bin")
            #expect(bin.mode == 0o555 && bin.modified == 1_600_000_000_000_000_000)
            #expect(try FileStatus(of: root + "/sh").kind == .symlink)
            #expect(try FileStatus(of: root + "/null").kind == .characterDevice)
            #expect(try FileStatus(of: root + "/pipe").kind == .fifo)
            #expect(try SmallFile.text(root + "/absolute") == "inside")
            #expect(access(root + "/\u{e9}t\u{e9}", F_OK) == 0)
            let raw: [CChar] = Array((root + "/f").utf8).terminated.dropLast() + [-1, -2, 0]
            #expect(access(raw, F_OK) == 0)
            let file = try OwnedFileDescriptor.open(root + "/\u{e9}t\u{e9}", O_RDONLY)
            var value = [UInt8](repeating: 0, count: 16)
            #expect(swl_fgetxattr(file.rawValue, "trusted.overlay.opaque", &value, 16) == -1)
            #expect(swl_fgetxattr(file.rawValue, "user.note", &value, 16) == 5 || errno == ENOTSUP)
        }
    }

    @Test("whiteouts become overlayfs' own")
    func whiteouts() async throws {
        let bytes = tar {
            $0.directory("a/")
            $0.file("a/.wh.gone", "")
            $0.directory("b/")
            $0.file("b/.wh..wh..opq", "")
            $0.file(".wh..wh.plnk", "")
            $0.directory("kept/")
            $0.file("kept/x")
            $0.file(".wh.kept", "")
            $0.file(".wh.again", "")
            $0.directory("again/")
            $0.file("new", "1")
            $0.file(".wh.new", "")
        }
        try await unpack(bytes) { (root, _) async throws in
            #expect(try FileStatus(of: root + "/a/gone").kind == .characterDevice)
            for opaque in ["b", "kept", "again"] {
                let directory = try OwnedFileDescriptor.open("\(root)/\(opaque)", O_RDONLY | O_DIRECTORY)
                var value: UInt8 = 0
                #expect(swl_fgetxattr(directory.rawValue, "trusted.overlay.opaque", &value, 1) == 1 && value == 0x79, "\(opaque)")
            }
            #expect(try SmallFile.text(root + "/kept/x") == "x")
            #expect(try SmallFile.text(root + "/new") == "1")
            #expect(try DirectoryListing.names(at: root) == ["a", "again", "b", "kept", "new"])
        }
    }

    @Test("a later entry replaces an earlier one")
    func laterEntriesCount() async throws {
        let bytes = tar {
            $0.file("f", "first", mode: 0o600)
            $0.file("f", "second", mode: 0o644)
            $0.symlink("l", to: "/tmp")
            $0.directory("l/")
            $0.file("l/x", "inside")
            $0.directory("d/")
            $0.file("d/deep/er")
            $0.file("d", "file now")
        }
        try await unpack(bytes) { (root, report) async throws in
            #expect(try SmallFile.text(root + "/f") == "second")
            #expect(try SmallFile.text(root + "/l/x") == "inside")
            #expect(try FileStatus(of: root + "/l").kind == .directory)
            #expect(try SmallFile.text(root + "/d") == "file now")
        }
    }

    @Test("entries below a symlink stay inside the layer")
    func symlinkedParentsStayInside() async throws {
        // As absolute, as climbing, as relative: in the layer's own root each means a place in the layer.
        for target in ["/tmp", "../../../../../../tmp", "usr/lib"] {
            let bytes = tar {
                $0.directory("tmp/")
                $0.directory("usr/")
                $0.directory("usr/lib/")
                $0.symlink("lib", to: target)
                $0.file("lib/imagestore-escape", "x")
                $0.file("lib/.wh.victim", "")
                $0.file("lib/.wh..wh..opq", "")
            }
            try await unpack(bytes) { (root, _) async throws in
                let inside = target.hasSuffix("tmp") ? "/tmp" : "/usr/lib"
                #expect(try SmallFile.text(root + inside + "/imagestore-escape") == "x")
                #expect(access("/tmp/imagestore-escape", F_OK) != 0)
            }
        }
    }

    @Test("directories without an entry are made and reported")
    func impliedDirectories() async throws {
        try await unpack(
            tar {
                $0.file("a/b/c")
                $0.directory("a/b/")
            }
        ) { (_, report) async throws in
            #expect(report.implied.map(\.text) == ["a"])
            #expect(try LayerReport.decode(report.encoded) == report)
        }
    }

    @Test("compression is detected by content", arguments: ["/usr/bin/gzip", "/usr/bin/zstd"])
    func compression(_ program: String) async throws {
        guard access(program, X_OK) == 0 else { return }
        let plain = tar { $0.file("a", String(repeating: "hello ", count: 100_000)) } + [UInt8](repeating: 0, count: 9000)
        try await withTemporaryFolder { directory async throws in
            let packed = try await TestImage.compress(plain, with: program, in: directory)
            #expect(packed.count < plain.count / 10)
            try Directories.make(directory + "/x")
            let report = try Self.unpack(packed, in: directory + "/x", limits: ImageLimits())
            // The digest is the whole stream's, padding included.
            #expect(report.diffID == ContentHasher.digest(of: plain))

            var limits = ImageLimits()
            limits.ratioFreeBytes = 100_000
            limits.ratio = 3
            try Directories.make(directory + "/y")
            let bomb = try #require(throws: ImageStoreError.self) { try Self.unpack(packed, in: directory + "/y", limits: limits) }
            #expect(bomb.code == .tooLarge)
            try Directories.make(directory + "/z")
            let cut = try #require(throws: ImageStoreError.self) {
                try Self.unpack(Array(packed.prefix(packed.count - 9)), in: directory + "/z", limits: ImageLimits())
            }
            #expect(cut.code == .malformed)
        }
    }

    @Test("a damaged layer never writes outside its directory")
    func fuzz() async throws {
        var random = SeededGenerator(seed: 23)
        let seed = tar {
            $0.directory("a/")
            $0.symlink("a/l", to: "../../..")
            $0.file("a/l/f", "data")
            $0.hardlink("h", to: "a/l/f")
            $0.pax([("path", Array("p/q".utf8)), ("SCHILY.xattr.user.x", Array("y".utf8))])
            $0.file("x", "more")
            $0.file(".wh.w", "")
        }
        try await withTemporaryFolder { directory async throws in
            try AtomicFile.replace(directory + "/victim", with: "untouched")
            var limits = ImageLimits()
            limits.unpackedBytes = 1 << 20
            for round in 0..<400 {
                var bytes = seed
                for _ in 0..<Int.random(in: 1...8, using: &random) {
                    let at = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[at] =
                        Bool.random(using: &random)
                        ? UInt8.random(in: 0...255, using: &random) : Array("./\u{0}07wh".utf8)[Int.random(in: 0..<7, using: &random)]
                    // A right checksum lets the change through to what it is meant for.
                    let header = at / 512 * 512
                    for offset in 148..<156 { bytes[header + offset] = 32 }
                    let sum = bytes[header..<(header + 512)].reduce(0) { $0 + Int($1) }
                    let digits = Array(String(sum, radix: 8).utf8)
                    for (offset, digit) in ([UInt8](repeating: 48, count: max(0, 6 - digits.count)) + digits).prefix(6).enumerated() {
                        bytes[header + 148 + offset] = digit
                    }
                    bytes[header + 154] = 0
                }
                let place = "\(directory)/\(round)"
                try Directories.make(place)
                _ = try? Self.unpack(bytes, in: place, limits: limits)
                #expect(try SmallFile.text(place + "/victim") == "untouched")
                #expect(try DirectoryListing.names(at: place) == ["blob", "layer", "victim"])
                try TreeRemoval.remove(place)
            }
            #expect(try DirectoryListing.names(at: directory) == ["victim"])
        }
    }

    /// The real thing: a child of the built program, with everything that confines it.
    @Test(
        "the confined process unpacks the layer",
        .enabled(if: access(builtProgram("swiftlet"), X_OK) == 0, "needs the swiftlet program beside the tests"))
    func confinedProcess() async throws {
        let bytes = tar {
            $0.directory("bin/")
            $0.file("bin/su", "program", mode: 0o4755, uid: 5, gid: 6)
            $0.file("a/.wh.gone", "")
            $0.file("a/.wh..wh..opq", "")
            $0.add(.init(name: Array("null".utf8), type: "3", mode: 0o666, major: 1, minor: 3))
            $0.add(.init(name: [0x66, 0xff], content: [1]))
        }
        try await withTemporaryFolder { directory async throws in
            let packed = try await TestImage.compress(bytes, with: "/usr/bin/gzip", in: directory)
            let pool = BlockingPool(name: "test", threads: 2, queueLimit: 64)
            let unpacker = ConfinedUnpacker(executable: builtProgram("swiftlet"), pool: pool)
            func run(_ content: [UInt8], _ name: String) async throws -> LayerReport {
                let file = try BlobFile(path: "\(directory)/\(name)")
                try file.descriptor.writeAll(content)
                try Directories.make("\(directory)/\(name).layer")
                return try await unpacker.unpack(file, into: "\(directory)/\(name).layer", limits: ImageLimits())
            }
            let report = try await run(packed, "good")
            #expect(report.diffID == ContentHasher.digest(of: bytes))
            #expect(report.implied.map(\.text) == ["a"])
            #expect(try FileStatus(of: directory + "/good.layer/bin/su").mode == 0o4755)
            #expect(try FileStatus(of: directory + "/good.layer/null").kind == .characterDevice)
            #expect(try FileStatus(of: directory + "/good.layer/a/gone").kind == .characterDevice)

            var archive = TarArchive()
            archive.file("../victim", "evil")
            let evil = archive.finished
            let error = await #expect(throws: ImageStoreError.self) { try await run(evil, "bad") }
            #expect(error?.code == .malformed)
            #expect(access(directory + "/victim", F_OK) != 0)
        }
    }
}
