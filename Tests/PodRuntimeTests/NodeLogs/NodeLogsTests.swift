import Glibc
import KubeModel
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime

/// The log folder and the journal, with a program in place of journalctl.
@Suite("Logs of the node", .timeLimit(.minutes(2))) struct NodeLogsTests {
    private static func text(_ session: any LogSession) async throws -> String {
        var bytes: [UInt8] = []
        while let more = try await session.read() { bytes += more }
        await session.close()
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func file(_ logs: NodeLogs, _ path: String) async throws -> String {
        guard case .file(let session, _) = try await logs.open(path) else { throw RuntimeFailure(.internal, "a folder") }
        return try await text(session)
    }

    private static func code(_ logs: NodeLogs, _ path: String) async -> RuntimeFailure.Code? {
        do throws(RuntimeFailure) {
            _ = try await logs.open(path)
            return nil
        } catch { return error.code }
    }

    /// A folder `log` with files, links and others, beside a file that is not for clients.
    private static func withLogs(_ body: (NodeLogs, String) async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let log = folder + "/log"
            for path in ["", "/apt", "/containers", "/pods"] { try Directories.make(log + path, mode: 0o755) }
            try TemporaryFolder.write("secret", to: folder + "/secret")
            try TemporaryFolder.write("one\n", to: log + "/syslog")
            try TemporaryFolder.write("installed\n", to: log + "/apt/history.log")
            try TemporaryFolder.write("of a pod\n", to: log + "/pods/0.log")
            for (target, name) in [
                ("../secret", "up"), (folder + "/secret", "absolute"), ("apt", "inside"), (log + "/pods/0.log", "containers/web.log"),
                (log + "/../secret", "containers/sly.log"), (folder, "parent"), ("loop", "loop"), ("/proc/self/root", "magic"),
                ("/etc", "etc"),
            ] { try systemCall("symlink", name) { symlink(target, log + "/" + name) } }
            try systemCall("mkfifo") { mkfifo(log + "/pipe", 0o600) }
            try await body(NodeLogs(path: log, programs: []), log)
        }
    }

    @Test("files and folders below the log folder are read") func files() async throws {
        try await Self.withLogs { logs, _ async throws in
            #expect(try await Self.file(logs, "syslog") == "one\n")
            #expect(try await Self.file(logs, "apt/history.log") == "installed\n")
            #expect(try await Self.file(logs, "apt/../syslog") == "one\n")
            guard case .folder(let names, let omitted) = try await logs.open("") else { return #expect(Bool(false), "not a folder") }
            #expect(names.map(\.text).prefix(3) == ["absolute", "apt", "containers"] && omitted == 0)
            #expect(names.filter(\.isFolder).map(\.text) == ["apt", "containers", "pods"])
            guard case .folder(let inside, _) = try await logs.open("inside") else { return #expect(Bool(false), "not a folder") }
            #expect(inside.map(\.text) == ["history.log"])
            #expect(await Self.code(logs, "nothing") == .notFound)
            #expect(await Self.code(logs, "syslog/x") == .notFound)
            #expect(await Self.code(logs, String(repeating: "x", count: 300)) == .notFound)
        }
    }

    @Test("links by a full path into the log folder work, as those of containers' logs have it") func fullLinks() async throws {
        try await Self.withLogs { logs, _ async throws in #expect(try await Self.file(logs, "containers/web.log") == "of a pod\n") }
    }

    @Test(
        "no path and no link leads out of the log folder",
        arguments: [
            "..", "../secret", "apt/../../secret", "/etc/passwd", "up", "absolute", "containers/sly.log", "parent", "parent/secret", "magic",
            "magic/etc/passwd", "etc", "etc/passwd", "loop", "syslog\0x", "pipe",
        ])
    func escapes(_ path: String) async throws {
        try await Self.withLogs { logs, _ async throws in #expect(await Self.code(logs, path) == .notSupported) }
    }

    @Test("a file that grows or shrinks while it is read ends where it ended before, or earlier") func changes() async throws {
        try await Self.withLogs { logs, log async throws in
            guard case .file(let session, let beginning) = try await logs.open("syslog") else { return #expect(Bool(false), "a folder") }
            #expect(beginning == Array("one\n".utf8))
            try TemporaryFolder.write("one\ntwo\n", to: log + "/syslog")
            #expect(try await Self.text(session).count <= 4)
            try TemporaryFolder.write(String(repeating: "x", count: 200_000), to: log + "/syslog")
            guard case .file(let long, _) = try await logs.open("syslog") else { return #expect(Bool(false), "a folder") }
            #expect(try await long.read()?.count == 64 << 10)
            try systemCall("truncate") { truncate(log + "/syslog", 10) }
            #expect(try await long.read() == nil)
        }
    }

    // MARK: The journal

    /// A program that does what the script says.
    private static func withProgram(_ script: String, patience: Duration = .seconds(60), _ body: (NodeLogs, String) async throws -> Void) async throws
    {
        try await withTemporaryFolder { folder in
            let program = folder + "/journalctl"
            try TemporaryFolder.write("#!/bin/sh\n" + script, to: program)
            try systemCall("chmod") { chmod(program, 0o755) }
            try await body(NodeLogs(path: folder, programs: [folder + "/nothing", program], patience: patience), folder)
        }
    }

    @Test("the options of a selection become arguments, each joined to its option") func arguments() async throws {
        var selection = JournalSelection(units: ["a.service", "b.service"])
        #expect(JournalReading.arguments(selection) == ["--utc", "--no-pager", "--output=short-precise", "--unit=a.service", "--unit=b.service"])
        selection.since = Timestamp(seconds: 100, nanoseconds: 5)
        selection.until = Timestamp(seconds: 200)
        selection.tailLines = 0
        selection.boot = -1
        selection.pattern = "--file=/etc/shadow"
        #expect(
            JournalReading.arguments(selection).dropFirst(3) == [
                "--since=@100", "--until=@200", "--pager-end", "--lines=0", "--unit=a.service", "--unit=b.service", "--grep=--file=/etc/shadow",
                "--boot=-1",
            ])
    }

    @Test("the program's output and its complaints are the log") func output() async throws {
        try await Self.withProgram("echo \"$@\"; echo complaint >&2; exit 1") { logs, _ async throws in
            #expect(
                try await Self.text(try await logs.openJournal().entries(JournalSelection(units: ["a.service"])))
                    == "--utc --no-pager --output=short-precise --unit=a.service\ncomplaint\n")
        }
    }

    @Test("of the journal's units those that were asked for are found; a program that fails has none") func units() async throws {
        try await Self.withProgram("test \"$*\" = '--field _SYSTEMD_UNIT' && printf 'a.service\\nb.service\\nc.scope'") { logs, _ async throws in
            #expect(try await logs.openJournal().units(among: ["b.service", "service"]) == ["b.service"])
            #expect(try await logs.openJournal().units(among: ["c.scope", "a.service"]) == ["a.service", "c.scope"])
        }
        try await Self.withProgram("echo one; echo complaint >&2; exit 1") { logs, _ async throws in
            let error = await #expect(throws: RuntimeFailure.self) { _ = try await logs.openJournal().units(among: ["a.service"]) }
            #expect(error?.message.hasSuffix("ended with exit status 1: complaint") == true)
        }
        let none = NodeLogs(path: "/tmp", programs: ["/nothing"])
        let error = await #expect(throws: JournalFailure.self) { _ = try await none.openJournal() }
        #expect(error == .missing("this node has no journalctl: wanted /nothing"))
    }

    @Test("a list of units of any length is read, and its entries after it") func manyUnits() async throws {
        let script = """
            case $1 in
            --field) yes some-unit-with-a-long-name.service | head -n 60000; echo last.service;;
            *) echo entries;;
            esac
            """
        try await Self.withProgram(script) { logs, _ async throws in
            let journal = try await logs.openJournal()
            #expect(try await journal.units(among: ["last.service", "other.service"]) == ["last.service"])
            #expect(try await Self.text(try await journal.entries(JournalSelection(units: ["last.service"]))) == "entries\n")
        }
    }

    @Test("lines are found whole, however they come") func lines() {
        for size in 1...12 {
            var search = LineSearch(["one", "two", "none", "wo"])
            let text = Array(("one\n\n" + String(repeating: "x", count: 10_000) + "two\ntwo").utf8)
            for start in stride(from: 0, to: text.count, by: size) { search.add(Array(text[start..<min(start + size, text.count)])) }
            #expect(search.found == ["one"])
            search.finish()
            #expect(search.found == ["one", "two"] && !search.hasAll)
        }
    }

    @Test("closing a query ends the list of units") func closingTheList() async throws {
        try await Self.withProgram("exec sleep 1000") { logs, _ async throws in
            let journal = try await logs.openJournal()
            let units = Task { try await journal.units(among: ["a.service"]) }
            await journal.close()
            await #expect(throws: RuntimeFailure.self) { _ = try await units.value }
        }
    }

    @Test("closing a file leaves the descriptor to a read that is under way") func closingAFile() async throws {
        try await withTemporaryFolder { folder in
            try TemporaryFolder.write("one\n", to: folder + "/log")
            let file = try OwnedFileDescriptor.open(folder + "/log", O_RDONLY)
            let session = NodeLogFile(file, size: 4, pool: BlockingPool(name: "test", threads: 1, queueLimit: 4))
            await session.close()
            #expect(!file.isClosed)
            #expect(try await session.read() == nil)
        }
    }

    @Test("closing ends the program, and a read that waits") func closing() async throws {
        try await Self.withProgram("echo $$; exec sleep 1000") { logs, _ async throws in
            let session = try await logs.openJournal().entries(JournalSelection(units: []))
            let first = try #require(try await session.read())
            let pid = try #require(Int32(String(decoding: first, as: UTF8.self).dropLast()))
            async let waiting = session.read()
            await session.close()
            #expect(try await waiting == nil)
            try await eventually("the program's end") { kill(pid, 0) != 0 || Self.isZombie(pid) }
        }
    }

    private static func isZombie(_ pid: Int32) -> Bool {
        (try? TemporaryFolder.text("/proc/\(pid)/stat"))?.contains(") Z ") ?? true
    }

    @Test("a program that takes too long is ended, and the log says so") func patience() async throws {
        try await Self.withProgram("echo begin; exec sleep 1000", patience: .seconds(5)) { logs, _ async throws in
            #expect(
                try await Self.text(try await logs.openJournal().entries(JournalSelection(units: [])))
                    == "begin\n\nerror: the journal was not read to its end within 5 seconds\n")
        }
    }

    @Test("a program that writes without end waits for its reader") func endless() async throws {
        try await Self.withProgram("echo $$; exec yes") { logs, _ async throws in
            let session = try await logs.openJournal().entries(JournalSelection(units: []))
            for _ in 0..<20 {
                let bytes = try #require(try await session.read())
                #expect(bytes.count <= 64 << 10)
            }
            await session.close()
            #expect(try await session.read() == nil)
        }
    }

    @Test("a program that writes without end is ended on time, however fast it is read") func endlessAndRead() async throws {
        try await Self.withProgram("exec yes", patience: .seconds(2)) { logs, _ async throws in
            let session = try await logs.openJournal().entries(JournalSelection(units: []))
            var last: [UInt8] = []
            while let bytes = try await session.read() { last = bytes }
            #expect(String(decoding: last, as: UTF8.self) == "\nerror: the journal was not read to its end within 2 seconds\n")
        }
    }

    @Test("queries that nobody reads end on time and make room") func unread() async throws {
        try await Self.withProgram("echo $$; exec yes", patience: .seconds(5)) { logs, _ async throws in
            var sessions: [any LogSession] = []
            var programs: [Int32] = []
            for _ in 0..<8 {
                let session = try await logs.openJournal().entries(JournalSelection(units: []))
                let line = String(decoding: try #require(try await session.read()), as: UTF8.self).prefix { $0 != "\n" }
                programs.append(try #require(Int32(line)))
                sessions.append(session)
            }
            try await eventually("the programs' end") { programs.allSatisfy { kill($0, 0) != 0 } }
            for _ in 0..<8 { sessions.append(try await logs.openJournal().entries(JournalSelection(units: []))) }
            for session in sessions { await session.close() }
        }
    }

    @Test("a limited number of queries runs at once, and each that ends makes room") func limit() async throws {
        try await Self.withProgram("exec sleep 1000") { logs, _ async throws in
            var sessions: [any LogSession] = []
            for _ in 0..<8 { sessions.append(try await logs.openJournal().entries(JournalSelection(units: []))) }
            let error = await #expect(throws: JournalFailure.self) { _ = try await logs.openJournal() }
            #expect(error == .busy("8 queries of the journal are under way: try again when one of them has ended"))
            await sessions.removeLast().close()
            sessions.append(try await logs.openJournal().entries(JournalSelection(units: [])))
            for session in sessions { await session.close() }
        }
    }
}
