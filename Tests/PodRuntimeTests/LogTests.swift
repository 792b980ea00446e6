import CArchive
import Glibc
import KubeModel
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct LogTests {
    private static let lines = """
        2026-01-01T00:00:01.000000001Z stdout F one
        2026-01-01T00:00:02Z stderr P tw
        2026-01-01T00:00:03Z stderr P oo
        2026-01-01T00:00:04Z stderr F oo
        nonsense
        2026-01-01T00:00:05Z stdout F
        2026-01-01T00:00:06Z stdout F:tag four  

        """

    private func parse(_ text: String, chunk: Int, timestamps: Bool = false, since: Timestamp? = nil, limit: Int? = nil) -> String {
        var parser = LogParser(timestamps, since: since, limit: limit)
        var output: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: chunk) { output += parser.consume(bytes[start..<min(start + chunk, bytes.count)]) }
        return String(decoding: output, as: UTF8.self)
    }

    @Test("partial entries are joined, however the blocks are cut") func entriesAreJoinedWhateverTheBlocks() {
        for chunk in 1...80 {
            #expect(parse(Self.lines, chunk: chunk) == "one\ntwoooo\n\nfour  \n")
            #expect(
                parse(Self.lines, chunk: chunk, timestamps: true)
                    == "2026-01-01T00:00:01.000000001Z one\n2026-01-01T00:00:02Z twoooo\n2026-01-01T00:00:05Z \n2026-01-01T00:00:06Z four  \n")
            #expect(parse(Self.lines, chunk: chunk, since: Timestamp(seconds: 1_767_225_605)) == "\nfour  \n")
            #expect(parse(Self.lines, chunk: chunk, limit: 6) == "one\ntw")
            #expect(parse(Self.lines, chunk: chunk, limit: 0) == "")
        }
    }

    @Test("the parser survives any bytes") func anyBytesPassWithoutATrap() {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var parser = LogParser(Bool.random(using: &random), since: nil, limit: nil)
            let alphabet = Array("2026-01-01T00:00:02Z stdout F P\n \n".utf8) + [0, 255]
            for _ in 0..<20 {
                let bytes = (0..<Int.random(in: 0...300, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? 0 }
                _ = parser.consume(bytes[...])
            }
        }
    }

    @Test(
        "a tail counts whole lines",
        arguments: [
            (0, ""), (1, "four  \n"), (2, "\nfour  \n"), (3, "\nfour  \n"), (4, "twoooo\n\nfour  \n"), (5, "one\ntwoooo\n\nfour  \n"),
            (99, "one\ntwoooo\n\nfour  \n"),
        ])
    func tailCountsWholeLines(lines: Int, wanted: String) throws {
        // The line that is no CRI line counts, as it does for kubelet.
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        try AtomicFile.replace(path, with: Self.lines)
        var options = LogOptions()
        options.tailLines = lines
        #expect(try Self.readAll(path, options) == wanted)
    }

    @Test("a tail crosses blocks") func tailCrossesBlocks() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        var text = ""
        for number in 0..<4000 {
            let filler = String(repeating: "x", count: number % 97)
            text += "2026-01-01T00:00:02Z stdout P \(number)\n2026-01-01T00:00:02Z stdout F -\(filler)\n"
        }
        try AtomicFile.replace(path, with: text)
        for count in [1, 2, 500, 1999, 3999, 4000] {
            var options = LogOptions()
            options.tailLines = count
            let output = try Self.readAll(path, options).split(separator: "\n")
            #expect(output.count == count)
            #expect(output.first?.hasPrefix("\(4000 - count)-") == true)
        }
    }

    private static func readAll(_ path: String, _ options: LogOptions) throws -> String {
        var reader = try LogReader(path: path, options: options)
        var output: [UInt8] = []
        while case .bytes(let bytes) = try reader.next(isEnded: true) { output += bytes }
        return String(decoding: output, as: UTF8.self)
    }

    @Test("a reader that does not follow ends where the file ended when it began", arguments: [nil, 1] as [Int?])
    func endOfAnAnswer(tail: Int?) throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        try AtomicFile.replace(path, with: "2026-01-01T00:00:02Z stdout F one\n")
        var options = LogOptions()
        options.tailLines = tail
        var reader = try LogReader(path: path, options: options)
        try OwnedFileDescriptor.open(path, O_WRONLY | O_APPEND).writeAll("2026-01-01T00:00:03Z stdout F two\n")
        var output: [UInt8] = []
        while case .bytes(let bytes) = try reader.next(isEnded: false) { output += bytes }
        #expect(String(decoding: output, as: UTF8.self) == "one\n")
    }

    @Test("a follower shows each line once and whole while a writer on a full disk takes half lines back") func halfLines() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o600)
        var options = LogOptions()
        options.follow = true
        var reader = try LogReader(path: path, options: options)
        func shown(isEnded: Bool = false) throws -> String {
            var output: [UInt8] = []
            while case .bytes(let bytes) = try reader.next(isEnded: isEnded) { output += bytes }
            return String(decoding: output, as: UTF8.self)
        }
        func cut(to size: Int) throws { try systemCall("ftruncate") { file.withRawValue { ftruncate($0, off_t(size)) } } }
        let line = "2026-01-01T00:00:02Z stdout F one\n"
        for number in 0..<3 {
            try file.writeAll(line)
            try file.writeAll(String(line.dropLast(6 + number)))
            #expect(try shown() == "one\n")
            try cut(to: (number + 1) * line.utf8.count)
            #expect(try shown().isEmpty)
        }
        // Emptied by hand, the file begins anew.
        try cut(to: 0)
        #expect(try shown().isEmpty)
        try file.writeAll(line)
        #expect(try shown() == "one\n")
        // The last words of a writer that was killed.
        try file.writeAll(String(line.dropLast(2)))
        #expect(try shown().isEmpty)
        #expect(try shown(isEnded: true) == "on")
    }

    @Test("a line of any size is read in blocks") func aLineOfAnySizeIsReadInBlocks() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        // A hole reads as zero bytes and takes no room on the disk.
        let file = try OwnedFileDescriptor.open(path, O_RDWR | O_CREAT, mode: 0o600)
        try file.writeAll("2026-01-01T00:00:02Z stdout F ")
        try systemCall("ftruncate") { file.withRawValue { ftruncate($0, 1 << 30) } }
        var reader = try LogReader(path: path, options: LogOptions())
        var total = 0
        while case .bytes(let bytes) = try reader.next(isEnded: true) {
            #expect(bytes.count <= LogReader.blockSize)
            total += bytes.count
        }
        #expect(total == (1 << 30) - 30)
        var options = LogOptions()
        options.tailLines = 1
        #expect(try LogTail.offset(ofLast: 1, in: file, size: 1 << 30) == 0)
    }

    @Test("following goes on in the new file and ends with the container", .timeLimit(.minutes(1)))
    func followGoesOnInTheNewFileAndEndsWithTheContainer() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        func line(_ number: Int) -> String { "2026-01-01T00:00:02Z stdout F \(number)\n" }
        func append(_ number: Int) throws {
            try OwnedFileDescriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o600).writeAll(line(number))
        }
        func rotate(_ suffix: String) throws { try systemCall("rename") { rename(path, path + "." + suffix) } }
        try append(0)
        var options = LogOptions()
        options.follow = true
        let ended = Promise<Void>()
        let session = try FileLogSession(path: path, options: options, ended: ended, changes: LogChanges(logger: .silent), pool: .shared)
        #expect(try await session.read() == Array("0\n".utf8))
        // Several rotations between two looks, one of them in the same second.
        try append(1)
        try rotate("20260101-000000")
        try append(2)
        try rotate("20260101-000000-001")
        try append(3)
        try rotate("20260101-000001")
        try append(4)
        var seen = ""
        while seen.count < 8 { seen += String(decoding: try await session.read() ?? [], as: UTF8.self) }
        #expect(seen == "1\n2\n3\n4\n")
        async let next = session.read()
        try append(5)
        #expect(try await next == Array("5\n".utf8))
        async let last = session.read()
        ended.fulfil(())
        #expect(try await last == nil)
        await session.close()
    }

    @Test("all rotated files but the newest are compressed") func allRotatedFilesButTheNewestAreCompressed() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        let text = (0..<50_000).map { "2026-01-01T00:00:02Z stdout F line \($0)\n" }.joined()
        for suffix in ["", ".20260101-000000", ".20260101-000000-0001", ".20260101-000001", ".20260101-000002"] {
            try AtomicFile.replace(path + suffix, with: suffix == ".20260101-000002" ? "newest" : text)
        }
        // A half-written file of an agent that was killed, a file of another log, and a file with only a similar name.
        try AtomicFile.replace(path + ".20260101-000000.tmp", with: "half")
        try AtomicFile.replace(path + ".20260101-000001.gz", with: "made before")
        try AtomicFile.replace(folder.path + "/10.log.20260101-000000", with: "of another")
        try AtomicFile.replace(path + ".20260101.old", with: "somebody's")
        try LogCompression.run(path)
        try LogCompression.run(path)
        #expect(
            try DirectoryListing.names(at: folder.path).sorted() == [
                "0.log", "0.log.20260101-000000-0001.gz", "0.log.20260101-000000.gz", "0.log.20260101-000001.gz", "0.log.20260101-000002",
                "0.log.20260101.old", "10.log.20260101-000000",
            ])
        #expect(try Self.bytes(path + ".20260101-000001.gz") == Array("made before".utf8))
        #expect(try Self.bytes(path + ".20260101-000002") == Array("newest".utf8))
        for suffix in [".20260101-000000.gz", ".20260101-000000-0001.gz"] {
            #expect(try Self.bytes(path + suffix).count < text.utf8.count / 5)
            #expect(try Self.gunzip(path + suffix) == Array(text.utf8))
        }
    }

    @Test("a rotated file that is a link is not read") func aRotatedFileThatIsALinkIsNotRead() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        try AtomicFile.replace(folder.path + "/secret", with: "secret")
        try systemCall("symlink") { symlink(folder.path + "/secret", path + ".20260101-000000") }
        try AtomicFile.replace(path + ".20260101-000001", with: "newest")
        #expect(throws: SystemError.self) { try LogCompression.run(path) }
        #expect(try DirectoryListing.names(at: folder.path).allSatisfy { !$0.hasSuffix(".gz") && !$0.hasSuffix(".tmp") })
        #expect(try Self.bytes(folder.path + "/secret") == Array("secret".utf8))
    }

    @Test("a log whose place a link or a pipe has taken is not read", arguments: ["link", "pipe"])
    func whatHasTakenTheLogsPlace(kind: String) throws {
        let folder = try TemporaryFolder()
        try AtomicFile.replace(folder.sub("secret"), with: "secret")
        let path = folder.sub("0.log")
        #expect((kind == "link" ? symlink(folder.sub("secret"), path) : mkfifo(path, 0o600)) == 0)
        #expect(throws: SystemError.self) { try LogFile(path) }
    }

    @Test("a file that is being followed is not compressed", .timeLimit(.minutes(1))) func whatIsBeingFollowedIsNotCompressed() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        func append(_ number: Int) throws {
            try OwnedFileDescriptor.open(path, O_WRONLY | O_APPEND | O_CREAT, mode: 0o600).writeAll("2026-01-01T00:00:02Z stdout F \(number)\n")
        }
        try append(0)
        var options = LogOptions()
        options.follow = true
        var reader = try LogReader(path: path, options: options)
        for second in 1...3 {
            try systemCall("rename") { rename(path, path + ".20260101-00000\(second)") }
            try append(second)
        }
        // A file older than the reader's own; the reader must not look at it.
        try AtomicFile.replace(path + ".20250101-000000", with: "old")
        try LogCompression.run(path)
        let names = try DirectoryListing.names(at: folder.path).sorted()
        #expect(names == ["0.log", "0.log.20250101-000000.gz"] + (1...3).map { "0.log.20260101-00000\($0)" })
        var output = ""
        while case .bytes(let bytes) = try reader.next(isEnded: true) { output += String(decoding: bytes, as: UTF8.self) }
        #expect(output == "0\n1\n2\n3\n")
        // The reader is in the current file now.
        try LogCompression.run(path)
        #expect(try DirectoryListing.names(at: folder.path).count { $0.hasSuffix(".gz") } == 3)
    }

    private static func bytes(_ path: String) throws -> [UInt8] {
        let file = try OwnedFileDescriptor.open(path, O_RDONLY)
        return try LogFile.read(file, at: 0, count: Int(try FileStatus(of: file).size))
    }

    private static func gunzip(_ path: String) throws -> [UInt8] {
        let archive = try #require(archive_read_new())
        defer { archive_read_free(archive) }
        archive_read_support_filter_gzip(archive)
        archive_read_support_format_raw(archive)
        try #require(archive_read_open_filename(archive, path, 1 << 16) == ARCHIVE_OK)
        var entry: OpaquePointer?
        try #require(archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        var output: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let got = block.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
            try #require(got >= 0)
            if got == 0 { return output }
            output += block[..<got]
        }
    }

    @Test("closing ends a waiting reader", .timeLimit(.minutes(1))) func closingEndsAWaitingReader() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path + "/0.log"
        try AtomicFile.replace(path, with: "")
        var options = LogOptions()
        options.follow = true
        let session = try FileLogSession(path: path, options: options, ended: Promise(), changes: LogChanges(logger: .silent), pool: .shared)
        async let bytes = session.read()
        await session.close()
        #expect(try await bytes == nil)
    }

    @Test("a missing log is not found") func aMissingLogIsNotFound() {
        #expect {
            try FileLogSession(
                path: "/nonexistent/0.log", options: LogOptions(), ended: Promise(()), changes: LogChanges(logger: .silent), pool: .shared)
        } throws: { error in
            (error as? RuntimeFailure)?.code == .notFound
        }
    }
}
