import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore

/// The way to the one process that starts shims. It is looked for when it is needed, and started when nobody did (no systemd).
actor SpawnerConnection {
    private let runDirectory: String
    private let shimProgram: String
    /// Where shims live; `nil` keeps them in the spawner's own cgroup.
    private let cgroup: Cgroup
    private let logger: Logger
    private var current: ShimConnection?
    /// Whoever comes while somebody connects waits for the same connection.
    private var connecting: Task<ShimConnection, any Error>?

    init(runDirectory: String, shimProgram: String, cgroup: Cgroup, logger: Logger) {
        self.runDirectory = runDirectory
        self.shimProgram = shimProgram
        self.cgroup = cgroup
        self.logger = logger
    }

    /// Makes sure that there is a spawner, and that it is out of the way of the pods' cgroups.
    func prepare() async throws(RuntimeFailure) {
        do {
            _ = try await connected()
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.sandbox, "the spawner cannot be reached: \(error)")
        }
    }

    /// Starts a sandbox's shim, whose socket listens when this returns.
    func spawn(sandboxID: String) async throws(RuntimeFailure) -> swl_process {
        let place: OwnedFileDescriptor
        let connection: ShimConnection
        do {
            connection = try await connected()
            place = try cgroup.open()
        } catch let error as RuntimeFailure {
            throw error
        } catch {
            throw RuntimeFailure(.sandbox, "the spawner cannot be reached: \(error)")
        }
        let reply = try await connection.request(SWL_VERB_SPAWN, timeout: .seconds(15), descriptors: [(SWL_FD_CGROUP, place)]) { writer in
            writer.string(SWL_TAG_SANDBOX_ID, sandboxID)
        }
        if let refusal = reply.refusal { throw RuntimeFailure(.sandbox, "the spawner refused: \(refusal.explanation)") }
        guard let process = reply.process, process.pid > 0 else {
            throw RuntimeFailure(.internal, "the spawner's reply names no process")
        }
        return process
    }

    /// The spawner's pid, if it was needed yet.
    var process: Int32? { current?.peer?.pid }

    func close() {
        current?.close()
        current = nil
    }

    private func connected() async throws -> ShimConnection {
        if let current, !current.isClosed { return current }
        if let connecting { return try await connecting.value }
        let task = Task { try await connect() }
        connecting = task
        defer { connecting = nil }
        let connection = try await task.value
        current = connection
        return connection
    }

    private func connect() async throws -> ShimConnection {
        // Without handing controllers down: that is refused as long as the spawner itself sits in the root.
        try await BlockingPool.shared.run("cgroup of the shims") { [path = cgroup.path] in try Directories.make(path) }
        let connection: ShimConnection
        do {
            connection = try await Self.connect(runDirectory)
        } catch let error as SystemError where error.isNotFound || error.is(ECONNREFUSED) {
            logger.notice("no spawner is running, starting one", metadata: ["program": .string(shimProgram)])
            try await SpawnerStart.run(program: shimProgram, runDirectory: runDirectory, cgroup: cgroup.path)
            connection = try await Self.connect(runDirectory)
        }
        if let pid = connection.peer?.pid { try await leaveRoot(pid) }
        return connection
    }

    private static func connect(_ runDirectory: String) async throws -> ShimConnection {
        try await ShimConnection.connect(directory: runDirectory, socket: "spawner.sock", peer: "the spawner")
    }

    /// As the main process of a unit the spawner sits in the delegated cgroup itself, which then could not hand controllers to the pods.
    private func leaveRoot(_ pid: Int32) async throws {
        let cgroup = cgroup
        try await BlockingPool.shared.run("cgroup of the spawner") {
            let members = try SmallFile.text(cgroup.tree.root + "/cgroup.procs").split(separator: "\n")
            if members.contains(Substring(String(pid))) { try cgroup.add(pid: pid) }
        }
    }
}
