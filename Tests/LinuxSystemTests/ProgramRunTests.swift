import LinuxSystem
import Testing

@Suite("Programs with a deadline") struct ProgramRunTests {
    private static func run(_ script: String, deadline: Duration = .seconds(60), limit: Int = 4096) async throws -> ProgramRun {
        try await ProgramRun.run("/bin/sh", ["sh", "-c", script], deadline: deadline, outputLimit: limit, pool: .shared)
    }

    @Test("status and both outputs are returned") func ends() async throws {
        let run = try await Self.run("echo; echo said; echo complained >&2; exit 3")
        #expect(run.status == .exited(3))
        #expect(run.output == "said\ncomplained")
    }

    @Test("a program that does not end is killed, and what it has said is kept") func killed() async throws {
        let run = try await Self.run("echo waiting; exec sleep 1000000", deadline: .milliseconds(200))
        #expect(run.status == nil)
        #expect(run.output == "waiting" || run.output.isEmpty, "a slow machine may kill it before its first word")
    }

    @Test("a daemon that keeps the output open holds nothing up") func daemon() async throws {
        let run = try await Self.run("sleep 5 & echo started")
        #expect(run.status == .exited(0))
        #expect(run.output == "started")
    }

    @Test("more output than wanted is cut") func cut() async throws {
        #expect(try await Self.run("head -c 10000 /dev/zero | tr '\\0' x", limit: 100).output == String(repeating: "x", count: 100))
    }

    @Test("a missing program is an error") func missing() async throws {
        await #expect(throws: SystemError.self) { try await ProgramRun.run("/nonexistent", ["x"], deadline: .seconds(1), pool: .shared) }
    }
}
