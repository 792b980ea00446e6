import LinuxSystem
import PodCore

/// Starts the spawner once, for hosts where no service manager does.
enum SpawnerStart {
    /// Returns a connection to the spawner, which listens. Should another one have come first, to that one.
    static func run(program: String, runDirectory: String, cgroup: String) async throws -> ShimConnection {
        let errors = try Pipe()
        let child = try ChildProcess(
            ChildProcess.Request(
                executable: program,
                arguments: [program, "spawner", "--run-dir", runDirectory, "--pidfile", SpawnerSocket.pidFile(runDirectory)],
                directory: "/", descriptors: [nil, nil, errors.writeEnd], cgroup: cgroup, newSession: true))
        errors.writeEnd.close()
        let connection = try await withThrowingTaskGroup(of: ShimConnection?.self) { group in
            group.addTask { try await SpawnerSocket.connect(runDirectory, patience: .seconds(15)) }
            group.addTask {
                _ = try await child.exitStatus()
                return try await SpawnerSocket.connect(runDirectory, patience: .zero)
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        if let connection {
            keep(child)
            return connection
        }
        let status = try await child.exitStatus(timeout: .seconds(1))
        let text = (try? errors.readEnd.readAll(limit: 4096)) ?? []
        let reason = String(decoding: text, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
        throw RuntimeFailure(.sandbox, "the spawner \(program) ended at once with \(status): \(reason.isEmpty ? "it said nothing" : reason)")
    }

    /// The spawner outlives the agent: its object is never released, or it would be killed with it. When it ends first it is reaped.
    private static func keep(_ child: ChildProcess) {
        _ = Unmanaged.passRetained(child)
        let pidFD = child.pidFD
        _ = try? ReadinessLoop.shared().register(pidFD.descriptor, .readable) { _ in _ = try? pidFD.reap() }
    }
}
