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
        #expect(NodeLogs.arguments(selection) == ["--utc", "--no-pager", "--output=short-precise", "--unit=a.service", "--unit=b.service"])
        selection.since = Timestamp(seconds: 100, nanoseconds: 5)
        selection.until = Timestamp(seconds: 200)
        selection.tailLines = 0
        selection.boot = -1
        selection.pattern = "--file=/etc/shadow"
        #expect(
            NodeLogs.arguments(selection).dropFirst(3) == [
                "--since=@100", "--until=@200", "--pager-end", "--lines=0", "--unit=a.service", "--unit=b.service", "--grep=--file=/etc/shadow",
                "--boot=-1",
            ])
    }

    @Test("the program's output and its complaints are the log") func output() async throws {
        try await Self.withProgram("echo \"$@\"; echo complaint >&2; exit 1") { logs, _ async throws in
            #expect(
                try await Self.text(try await logs.journal(JournalSelection(units: ["a.service"])))
                    == "--utc --no-pager --output=short-precise --unit=a.service\ncomplaint\n")
        }
    }

    @Test("the units of the journal are the lines of its field; a program that fails has none") func units() async throws {
        try await Self.withProgram("test \"$*\" = '--field _SYSTEMD_UNIT' && printf 'a.service\\nb.scope\\n'") { logs, _ async throws in
            #expect(try await logs.journalUnits() == ["a.service", "b.scope"])
        }
        try await Self.withProgram("exit 1") { logs, _ async throws in
            await #expect(throws: RuntimeFailure.self) { _ = try await logs.journalUnits() }
        }
        let none = NodeLogs(path: "/tmp", programs: ["/nothing"])
        await #expect(throws: RuntimeFailure.self) { _ = try await none.journalUnits() }
        await #expect(throws: RuntimeFailure.self) { _ = try await none.journal(JournalSelection(units: [])) }
    }

    @Test("closing ends the program, and a read that waits") func closing() async throws {
        try await Self.withProgram("echo $$; exec sleep 1000") { logs, _ async throws in
            let session = try await logs.journal(JournalSelection(units: []))
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
        try await Self.withProgram("echo begin; exec sleep 1000", patience: .seconds(1)) { logs, _ async throws in
            #expect(
                try await Self.text(try await logs.journal(JournalSelection(units: [])))
                    == "begin\n\nerror: the journal was not read to its end within 1 seconds\n")
        }
    }

    @Test("a program that writes without end waits for its reader") func endless() async throws {
        try await Self.withProgram("echo $$; exec yes") { logs, _ async throws in
            let session = try await logs.journal(JournalSelection(units: []))
            for _ in 0..<20 {
                let bytes = try #require(try await session.read())
                #expect(bytes.count <= 64 << 10)
            }
            await session.close()
            #expect(try await session.read() == nil)
        }
    }

    @Test("a limited number of queries runs at once, and each that ends makes room") func limit() async throws {
        try await Self.withProgram("exec sleep 1000") { logs, _ async throws in
            var sessions: [any LogSession] = []
            for _ in 0..<8 { sessions.append(try await logs.journal(JournalSelection(units: []))) }
            await #expect(throws: RuntimeFailure.self) { _ = try await logs.journal(JournalSelection(units: [])) }
            await sessions.removeLast().close()
            sessions.append(try await logs.journal(JournalSelection(units: [])))
            for session in sessions { await session.close() }
        }
    }
}
