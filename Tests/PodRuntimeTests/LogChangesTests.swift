import Glibc
import LinuxSystem
import PodCore
import ShimClient
import TestSupport
import Testing

@testable import PodRuntime

@Suite("Changes of followed logs", .timeLimit(.minutes(1))) struct LogChangesTests {
    private func follow(_ path: String, _ changes: LogChanges) throws -> FileLogSession {
        var options = LogOptions()
        options.follow = true
        return try FileLogSession(path: path, options: options, ended: Promise(), changes: changes, pool: .shared)
    }

    private func append(_ path: String) throws {
        try OwnedFileDescriptor.open(path, O_WRONLY | O_APPEND).writeAll("2026-01-01T00:00:02Z stdout F x\n")
    }

    private func read(_ count: Int, _ session: FileLogSession) async throws {
        var rest = count
        while rest > 0 { rest -= (try await session.read() ?? []).count / 2 }
        #expect(rest == 0)
    }

    @Test("all followers share an inotify instance, and each is woken until it goes") func oneInstance() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let made = Counter()
        let changes = LogChanges(logger: .silent) { () throws(SystemError) in
            made.next()
            return try Inotify()
        }
        for number in 0..<10 {
            let path = folder.sub("\(number)/0.log")
            try Directories.make(folder.sub("\(number)"))
            try AtomicFile.replace(path, with: "")
            let stays = try follow(path, changes)
            do {
                let goes = try follow(path, changes)
                async let first: Void = read(1, goes)
                async let second: Void = read(1, stays)
                try append(path)
                _ = try await (first, second)
            }
            async let third: Void = read(1, stays)
            try append(path)
            try await third
        }
        #expect(made.count == 1)
    }

    @Test("without an inotify instance a log is followed all the same") func noInstance() async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.sub("0.log")
        try AtomicFile.replace(path, with: "")
        let changes = LogChanges(logger: .silent) { () throws(SystemError) in throw SystemError(call: "inotify_init1", errno: EMFILE) }
        let session = try follow(path, changes)
        async let line: Void = read(1, session)
        try append(path)
        try await line
    }
}
