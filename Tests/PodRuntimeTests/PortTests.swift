import Glibc
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime

/// Connections to programs in a sandbox, by its own localhost.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct PortTests {
    private func rest(_ connection: any SandboxConnection) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let bytes = try await connection.read() { all += bytes }
        return all
    }

    @Test(
        "a connection reaches the sandbox's localhost, each side ends alone, and a port without a program refuses",
        arguments: [SandboxConfiguration.NamespaceMode.node, .pod])
    func connections(user: SandboxConfiguration.NamespaceMode) async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox(user: user))
            // A pod's network brings it up; there is none here.
            let ip = ["nsenter", "--net=\(sandbox.networkNamespacePath)", "ip", "link", "set", "lo", "up"]
            let path = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
            let up = try await ProgramRun.run("/usr/bin/nsenter", ip, environment: path, deadline: .seconds(20), pool: .shared)
            try #require(up.output == "")
            // Answers each connection after its end of input.
            let script = "exec busybox nc -ll -p 7000 -e sh -c 'wc -c; head -c 3000000 /dev/zero'"
            let container = host.container(["sh", "-c", script])
            _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
            var connected: (any SandboxConnection)?
            try await eventually("the program to listen") {
                connected = try? await host.runtime.connect(port: 7000, inSandbox: sandbox.id)
                return connected != nil
            }
            let connection = try #require(connected)
            try await connection.write([UInt8](repeating: 0x61, count: 1_000_000))
            connection.closeOutput()
            let answer = try await rest(connection)
            #expect(answer.starts(with: Array("1000000\n".utf8)) && answer.count == 3_000_008)
            connection.close()

            let other = try await host.runtime.connect(port: 7000, inSandbox: sandbox.id)
            async let end = other.read()
            other.close()
            #expect(try await end == nil)

            await #expect {
                _ = try await host.runtime.connect(port: 7001, inSandbox: sandbox.id)
            } throws: { error in
                "\(error)"
                    == "failed to connect to localhost:7001 inside the pod's network: 127.0.0.1:7001: connection refused; [::1]:7001: connection refused"
            }
            await #expect(throws: RuntimeFailure.self) { _ = try await host.runtime.connect(port: 7000, inSandbox: "none") }
        }
    }
}
