package import CLinux
import Glibc
package import LinuxCgroups
import LinuxSystem
package import Logging
package import PodCore

/// The connection to the one process that starts shims. The spawner is looked for when it is needed, and started if no service manager does.
package actor SpawnerConnection {
    private let runDirectory: String
    private let shimProgram: String
    /// Where shims live; `nil` keeps them in the spawner's own cgroup.
    private let cgroup: Cgroup
    /// How long a service manager is given to start the spawner.
    private let patience: Duration
    private let logger: Logger
    /// How long a killed process may take to leave its cgroup.
    private static let leaving = Duration.milliseconds(200)
    private var current: ShimConnection?
    /// The attempt under way; further callers wait for its connection.
    private var connecting: Task<ShimConnection, any Error>?

    package init(runDirectory: String, shimProgram: String, cgroup: Cgroup, patience: Duration = .zero, logger: Logger) {
        self.runDirectory = runDirectory
        self.shimProgram = shimProgram
        self.cgroup = cgroup
        self.patience = patience
        self.logger = logger
    }

    /// Makes sure that there is a spawner, and that it is out of the way of the pods' cgroups.
    package func prepare() async throws(RuntimeFailure) {
        do {
            _ = try await connected()
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.sandbox, "the spawner cannot be reached: \(error)")
        }
    }

    /// Returns when the spawner has answered. One that is missing is started.
    package func ping() async throws(RuntimeFailure) {
        do {
            let reply = try await connected().begin(SWL_VERB_PING, timeout: .seconds(15)) { _ in }
            if let refusal = try await reply.value().get().refusal { throw RuntimeFailure(.sandbox, "the spawner refused: \(refusal.explanation)") }
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.sandbox, "the spawner cannot be reached: \(error)")
        }
    }

    /// Starts a sandbox's shim, whose socket listens when this returns.
    package func spawn(sandboxID: String) async throws(RuntimeFailure) -> swl_process {
        do {
            let connection = try await connected()
            let place = try cgroup.open()
            let reply = try await ask(connection, sandboxID, [(SWL_FD_CGROUP, place)])
            if let refusal = reply.refusal, refusal.is(ECHILD) || refusal.is(ENODEV) { return try await spawnAside(connection, sandboxID) }
            return try Self.process(of: reply)
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.sandbox, "the spawner cannot be reached: \(error)")
        }
    }

    /// The new shim ended at once, or its cgroup has just been made anew. After a `cgroup.kill` on a cgroup of the way to either of them some
    /// kernels (6.18) kill for ever what a process clones from one to the other. In a new cgroup nothing was killed, and the kernel does
    /// not kill processes that are moved there.
    private func spawnAside(_ connection: ShimConnection, _ sandboxID: String) async throws(RuntimeFailure) -> swl_process {
        logger.warning("Shim ended while it was started; trying again beside its cgroup", metadata: ["sandbox": .string(sandboxID)])
        do {
            // A killed shim keeps the cgroup from being renewed until its process has left. While other shims live there, the wait is in vain.
            try? await cgroup.waitUntilEmpty(timeout: Self.leaving)
            try await renewCgroup()
            let process = try Self.process(of: try await ask(connection, sandboxID, []))
            do {
                try await BlockingPool.shared.run("cgroup of a shim") { [cgroup] in try cgroup.add(pid: process.pid) }
            } catch {
                try? ProcessIdentity(pid: process.pid, startTime: process.start_time).open().signal(SIGKILL)
                throw error
            }
            return process
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.sandbox, "a shim cannot be started: \(error)")
        }
    }

    private func ask(
        _ connection: ShimConnection, _ sandboxID: String, _ descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)]
    ) async throws -> ShimMessage {
        let reply: ShimConnection.PendingReply
        do {
            reply = try await Self.begin(connection, sandboxID, descriptors)
        } catch {
            guard connection.isClosed else { throw error }
            // This spawner has ended without the request, so the next one may be asked.
            reply = try await Self.begin(try await connected(), sandboxID, descriptors)
        }
        return try await reply.value().get()
    }

    private static func begin(
        _ connection: ShimConnection, _ sandboxID: String, _ descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)]
    ) async throws(RuntimeFailure) -> ShimConnection.PendingReply {
        try await connection.begin(SWL_VERB_SPAWN, timeout: .seconds(15), descriptors: descriptors) { $0.string(SWL_TAG_SANDBOX_ID, sandboxID) }
    }

    private static func process(of reply: ShimMessage) throws(RuntimeFailure) -> swl_process {
        if let refusal = reply.refusal { throw RuntimeFailure(.sandbox, "the spawner refused: \(refusal.explanation)") }
        guard let process = reply.process, process.pid > 0 else {
            throw RuntimeFailure(.internal, "the spawner's reply names no process")
        }
        return process
    }

    /// Gives the shims a cgroup in which nothing was ever killed, unless some live in the one that is there.
    private func renewCgroup() async throws {
        try await BlockingPool.shared.run("cgroup of the shims") { [cgroup] in
            if try cgroup.removeIfEmpty() { try Directories.make(cgroup.path) }
        }
    }

    /// The spawner's pid; `nil` before the first connection.
    package var process: Int32? { current?.peer?.pid }

    package func close() {
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
        if let found = try await SpawnerSocket.connect(runDirectory, patience: patience) {
            connection = found
        } else {
            logger.notice("No spawner is running; starting one", metadata: ["program": .string(shimProgram), "waited": "\(patience)"])
            // The earlier spawner may have been killed with its whole cgroup.
            try await renewCgroup()
            connection = try await SpawnerStart.run(program: shimProgram, runDirectory: runDirectory, cgroup: cgroup.path)
        }
        if let pid = connection.peer?.pid { try await leaveRoot(pid) }
        return connection
    }

    /// As the main process of a unit the spawner sits in the delegated cgroup itself, which then could not hand controllers to the pods.
    private func leaveRoot(_ pid: Int32) async throws {
        let cgroup = cgroup
        let sitsThere = try await BlockingPool.shared.run("cgroup of the spawner") {
            try SmallFile.text(cgroup.tree.root + "/cgroup.procs").split(separator: "\n").contains(Substring(String(pid)))
        }
        guard sitsThere else { return }
        try await renewCgroup()
        try await BlockingPool.shared.run("cgroup of the spawner") { try cgroup.add(pid: pid) }
    }
}
