import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

extension OCIRuntime {
    /// A further program in a running container.
    struct ExecRequest: Sendable {
        var id: String
        /// A file with the program's `process`; without it the container's own counts, as changed by the rest.
        var processFile: String?
        var arguments: [String] = []
        var environment: [String] = []
        var cwd: String?
        /// `UID[:GID]`
        var user: String?
        var additionalGids: [UInt32] = []
        var capabilities: [String] = []
        var noNewPrivileges = false
        var apparmorProfile: String?
        var terminal = false
        var detach = false
        /// Below the container's; without it a new one is made there for the program.
        var cgroup: String?
        var pidFile: String?
        var consoleSocket: String?
    }

    /// - Returns: the program's exit code; 0 for one that goes on by itself.
    func exec(_ request: ExecRequest, signals: () async -> AsyncStream<Int32>) async throws(RuntimeFailure) -> Int32 {
        let (container, sandboxID) = try existing(request.id)
        var process = try self.process(of: request, in: container)
        let terminal = request.detach ? nil : OCITerminal()
        // Before the program can ask for it; the terminal's later sizes follow by themselves.
        if let window = terminal?.window, process.consoleSize == nil { process.consoleSize = .init(height: window.rows, width: window.columns) }
        let console = try OCIConsole.wanted(by: process, socket: request.consoleSocket, own: terminal)
        let execID = "e\(getpid())-\(KernelClock.boottime)"
        let ended = Promise<swl_exit?>()
        let connection = try await connect(
            sandboxID,
            onEvent: { message in
                if swl_type(message.type) == SWL_EVENT_EXEC_EXITED, message.execID == execID { ended.fulfil(message.exit) }
            }, onEnd: { ended.fulfil(nil) })
        defer { connection?.close() }
        let status = try await status(container, connection)
        guard let connection, status == .running, let pid = container.pid else {
            throw RuntimeFailure(
                .notRunning, "nothing can be executed in container \"\(request.id)\": it is \(status.rawValue), wanted running")
        }
        if !request.detach {
            let subscribed = try await connection.request(SWL_VERB_SUBSCRIBE, timeout: .seconds(10))
            if let refusal = subscribed.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        }
        do {
            var descriptors = try descriptors(process, container, sandboxID, pid, ownStreams: console == nil)
            if let path = request.cgroup { descriptors.append((SWL_FD_CGROUP, try directory(ofCgroup: path, below: container))) }
            let reply = try await connection.request(SWL_VERB_EXEC, timeout: .seconds(60), descriptors: descriptors) { writer in
                writer.string(SWL_TAG_CONTAINER_ID, OCIContainer.name)
                writer.string(SWL_TAG_EXEC_ID, execID)
            }
            if let refusal = reply.refusal { throw RuntimeFailure(.start, refusal.explanation) }
            for warning in reply.warnings { logger.warning("the program lacks something: \(warning.explanation)") }
            do {
                try await handOver(reply, console, request.pidFile)
            } catch {
                // It runs, and no caller would know of it.
                await signal(SIGKILL, to: execID, connection, all: true)
                await terminal?.finish()
                throw error
            }
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.internal, "\(error)")
        }
        if request.detach { return 0 }
        let forwarding = Task { [self, stream = await signals()] in
            for await number in stream {
                if number == SIGWINCH { terminal?.resize() } else { await signal(number, to: execID, connection, all: false) }
            }
        }
        defer { forwarding.cancel() }
        let last = await ended.value()
        await terminal?.finish()
        guard let exit = last else { throw RuntimeFailure(.internal, "the container's shim has ended, and with it the program") }
        return exit.exit_code
    }

    private func signal(_ number: Int32, to execID: String, _ connection: ShimConnection, all: Bool) async {
        _ = try? await connection.request(SWL_VERB_SIGNAL, timeout: .seconds(10)) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, OCIContainer.name)
            writer.string(SWL_TAG_EXEC_ID, execID)
            writer.layout(SWL_TAG_SIGNAL, swl_signal(signal: number, flags: all ? UInt32(SWL_SIGNAL_ALL) : 0))
        }
    }

    private func handOver(_ reply: ShimMessage, _ console: OCIConsole?, _ pidFile: String?) async throws {
        guard let started = reply.process else { throw RuntimeFailure(.internal, "the shim's reply names no process") }
        if let console {
            guard let master = reply.descriptors(SWL_FD_TERMINAL).first else { throw RuntimeFailure(.internal, "the shim has sent no terminal") }
            try console.give(master)
        }
        try write(pid: started.pid, to: pidFile)
    }

    private func descriptors(
        _ wanted: OCISpec.Process, _ container: OCIContainer, _ sandboxID: String, _ pid: Int32, ownStreams: Bool
    ) throws -> [(role: swl_fd, descriptor: OwnedFileDescriptor)] {
        guard let shim = container.shim else { throw RuntimeFailure(.internal, "the container's record names no shim") }
        let directory = directory(sandboxID)
        let filter = SeccompCompiler.Filter(
            program: try SmallFile.bytes(directory + "/" + OCIContainer.filterFileName), flags: container.seccompFlags ?? 0)
        let process = OCIProcess(process: wanted, filter: filter, available: try CapabilityName.permitted(of: shim.pid))
        for name in process.missingCapabilities { logger.warning("capability \(name) cannot be granted here") }
        var writer = WireWriter(kind: SWL_KIND_EXEC)
        try process.append(root: "/proc/\(pid)/root", to: &writer)
        // It starts in the container's cgroup: what counts before that is over at once.
        if let affinity = wanted.execCPUAffinity, let mask = try OCIScheduling.affinity(affinity.final ?? affinity.initial ?? "") {
            writer.bytes(SWL_TAG_PROCESS_CPU_AFFINITY, mask, mustUnderstand: true)
        }
        let record = try AnonymousFile.make(in: directory, content: writer.finished())
        return [(SWL_FD_RECORD, record)] + (ownStreams ? try OwnStreams.all() : [])
    }

    private func directory(ofCgroup path: String, below container: OCIContainer) throws -> OwnedFileDescriptor {
        let name = path.split(separator: "/").joined(separator: "/")
        let base = try cgroup(of: container)
        return try name.isEmpty ? base.open() : base.child(name).open()
    }

    // MARK: The program

    private func process(of request: ExecRequest, in container: OCIContainer) throws(RuntimeFailure) -> OCISpec.Process {
        if let file = request.processFile {
            let process: OCISpec.Process = try OCIBundle.decode(file)
            try OCIProcess.check(process)
            return process
        }
        guard var process = container.process else {
            throw RuntimeFailure(.internal, "the container's record says nothing about programs: give it all by --process")
        }
        process.args = request.arguments
        process.terminal = request.terminal
        process.consoleSize = nil
        process.env =
            (process.env ?? []).filter { entry in !request.environment.contains { Self.name($0) == Self.name(entry) } } + request.environment
        if let cwd = request.cwd { process.cwd = cwd }
        if let user = request.user { process.user = try Self.user(user, process.user) }
        if !request.additionalGids.isEmpty {
            var user = process.user ?? OCISpec.User()
            user.additionalGids = (user.additionalGids ?? []) + request.additionalGids
            process.user = user
        }
        if !request.capabilities.isEmpty {
            var sets = process.capabilities ?? OCISpec.Capabilities()
            sets.bounding = (sets.bounding ?? []) + request.capabilities
            sets.permitted = (sets.permitted ?? []) + request.capabilities
            sets.effective = (sets.effective ?? []) + request.capabilities
            process.capabilities = sets
        }
        if request.noNewPrivileges { process.noNewPrivileges = true }
        if let profile = request.apparmorProfile { process.apparmorProfile = profile }
        try OCIProcess.check(process)
        return process
    }

    private static func name(_ entry: String) -> Substring { entry.prefix { $0 != "=" } }

    private static func user(_ text: String, _ old: OCISpec.User?) throws(RuntimeFailure) -> OCISpec.User {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { UInt32($0) }
        guard (1...2).contains(parts.count), let uid = parts[0], let gid = parts.count == 2 ? parts[1] : old?.gid ?? 0 else {
            throw RuntimeFailure(.create, "--user: found \"\(text)\", wanted UID or UID:GID as numbers")
        }
        return OCISpec.User(uid: uid, gid: gid, umask: old?.umask, additionalGids: old?.additionalGids)
    }
}
