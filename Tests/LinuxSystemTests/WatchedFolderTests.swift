import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

@Suite("Watched folder", .timeLimit(.minutes(1)))
struct WatchedFolderTests {
    private func contents(_ folder: WatchedFolder) throws -> [String: SettledFile] {
        Dictionary(uniqueKeysWithValues: try folder.read { ($0, $1) })
    }

    @Test("files are read in the order of their names, without folders and names with a leading dot")
    func order() async throws {
        try await withTemporaryFolder { path in
            for name in ["b", "a", ".hidden", "c~"] { try TemporaryFolder.write(name, to: path + "/" + name) }
            try Directories.make(path + "/folder")
            let folder = WatchedFolder(path, largest: 10)
            #expect(try folder.read { name, _ in name } == ["a", "b", "c~"])
            #expect(try contents(folder)["a"] == .bytes(Array("a".utf8)))
        }
    }

    @Test("a file that is open for writing is not read")
    func writers() async throws {
        try await withTemporaryFolder { path in
            let folder = WatchedFolder(path, largest: 10)
            let writer = try OwnedFileDescriptor.open(path + "/a", O_WRONLY | O_CREAT, mode: 0o600)
            #expect(try contents(folder) == ["a": .beingWritten])
            try writer.writeAll("text")
            writer.close()
            #expect(try contents(folder) == ["a": .bytes(Array("text".utf8))])
        }
    }

    @Test("the reading itself keeps no writer away")
    func noLeaseStays() async throws {
        try await withTemporaryFolder { path in
            try TemporaryFolder.write("text", to: path + "/a")
            let reader = try OwnedFileDescriptor.open(path + "/a", O_RDONLY)
            #expect(!reader.hasWriter)
            let writer = try OwnedFileDescriptor.open(path + "/a", O_WRONLY | O_NONBLOCK)
            #expect(reader.hasWriter)
            writer.close()
            #expect(!reader.hasWriter)
        }
    }

    @Test("nothing but regular files of a bounded size is read")
    func onlyFiles() async throws {
        try await withTemporaryFolder { path in
            try systemCall("mkfifo") { mkfifo(path + "/pipe", 0o600) }
            try AtomicFile.relink(path + "/loop", to: "loop")
            try AtomicFile.relink(path + "/dangling", to: "nothing")
            try AtomicFile.relink(path + "/device", to: "/dev/null")
            try TemporaryFolder.write("01234567890", to: path + "/large")
            let found = try contents(WatchedFolder(path, largest: 10)).mapValues { content in
                if case .failed(let error) = content { "\(error)" } else { "read" }
            }
            #expect(found["pipe"]?.contains("found a fifo, wanted a regular file") == true)
            #expect(found["device"]?.contains("found a characterDevice") == true)
            #expect(found["loop"]?.contains("ELOOP") == true && found["dangling"]?.contains("ENOENT") == true)
            #expect(found["large"]?.contains("found 11 bytes, wanted at most 10") == true, "\(found)")
        }
    }

    @Test("a change after the beginning of a reading is reported")
    func changes() async throws {
        try await withTemporaryFolder { path in
            let folder = WatchedFolder(path, largest: 10)
            _ = try contents(folder)
            try TemporaryFolder.write("x", to: path + "/a")
            try await folder.waitForChange()
            #expect(try contents(folder) == ["a": .bytes([UInt8(ascii: "x")])])
        }
    }

    @Test("a missing folder is empty; it is reported when it comes, goes and comes again")
    func missing() async throws {
        try await withTemporaryFolder { path in
            let folder = WatchedFolder(path + "/a", largest: 10)
            for _ in 0..<2 {
                #expect(try contents(folder).isEmpty)
                try Directories.make(path + "/a")
                try await folder.waitForChange()
                _ = try contents(folder)
                try TemporaryFolder.write("x", to: path + "/a/x")
                try await eventually("the file is seen") { try contents(folder).count == 1 }
                try TreeRemoval.remove(path + "/a")
            }
        }
    }

    @Test("what is not a folder is an error")
    func notAFolder() async throws {
        try await withTemporaryFolder { path in
            try TemporaryFolder.write("x", to: path + "/a")
            let folder = WatchedFolder(path + "/a", largest: 10)
            #expect(throws: SystemError.self) { try contents(folder) }
        }
    }

    @Test("without an inotify instance the folder is compared, and the problem is reported once with the parameter's name")
    func noInstance() async throws {
        try await withTemporaryFolder { path in
            let problems = Journal<String>()
            let folder = WatchedFolder(path + "/a", largest: 10) { () throws(SystemError) in
                throw SystemError(call: "inotify_init1", errno: EMFILE)
            } onUnwatched: {
                problems.note($0)
            }
            #expect(try contents(folder).isEmpty)
            try Directories.make(path + "/a")
            try TemporaryFolder.write("x", to: path + "/a/x")
            try await folder.waitForChange()
            #expect(try contents(folder) == ["x": .bytes([UInt8(ascii: "x")])])
            try TemporaryFolder.write("longer", to: path + "/a/x")
            try await folder.waitForChange()
            #expect(try contents(folder) == ["x": .bytes(Array("longer".utf8))])
            let problem = try #require(problems.entries.first)
            #expect(problems.entries.count == 1)
            #expect(problem.contains("EMFILE") && problem.contains("fs.inotify.max_user_instances is "), "\(problem)")
        }
    }

    @Test("an instance that can be had later is used") func instanceComesLater() async throws {
        try await withTemporaryFolder { path in
            let tries = Counter()
            let folder = WatchedFolder(path, largest: 10) { () throws(SystemError) in
                if tries.next() == 0 { throw SystemError(call: "inotify_init1", errno: EMFILE) }
                return try Inotify()
            }
            _ = try contents(folder)
            try TemporaryFolder.write("x", to: path + "/a")
            try await folder.waitForChange()
            #expect(try contents(folder).count == 1 && tries.count == 2)
        }
    }
}
