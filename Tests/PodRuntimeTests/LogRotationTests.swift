import LinuxSystem
import PodCore
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct LogRotationTests {
    @Test("rotated logs are compressed, also those rotated without an agent") func rotatedLogsAreCompressedAlsoThoseOfTheTimeWithoutAnAgent()
        async throws
    {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let container = host.container(["sh", "-c", "seq 4000; while ! test -e /tmp/more; do sleep 0.02; done; seq 4000; sleep 1000"]) {
                $0.log.maxSize = 60_000
                $0.log.maxFiles = 100
            }
            let process = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            // 4000 lines of some 44 bytes are two rotations; the newest of the rotated files stays as it is.
            try await Self.compressed(container.log.path, atLeast: 1)
            host.forgetRuntime()
            try AtomicFile.replace("/proc/\(process.pid)/root/tmp/more", with: "")
            // As many more; the agent that is gone may still be at work on the first of them.
            try await Self.until {
                let files = try Self.files(container.log.path)
                return files.plain + files.compressed >= 4
            }
            try host.restart()
            _ = try await host.runtime.recover()
            try await Self.compressed(container.log.path, atLeast: 3)
        }
    }

    private static func files(_ path: String) throws -> (plain: Int, compressed: Int) {
        guard let slash = path.lastIndex(of: "/") else { return (0, 0) }
        let names = try DirectoryListing.names(at: String(path[..<slash]))
        return (
            RotatedLogs.names(of: path, among: names).count, RotatedLogs.names(of: path, among: names, ending: RotatedLogs.compressed).count
        )
    }

    private static func compressed(_ path: String, atLeast count: Int) async throws {
        try await until {
            let files = try files(path)
            return files.compressed >= count && files.plain == 1
        }
    }

    private static func until(_ condition: () throws -> Bool) async throws {
        while try !condition() { try await Task.sleep(for: .milliseconds(5)) }
    }
}
