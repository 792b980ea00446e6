import CLinux
import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

extension OCIRuntime {
    struct CreateRequest: Sendable {
        var id: String
        /// Absolute.
        var bundle: String
        /// Instead of the bundle's `config.json`.
        var configFile: String?
        var pidFile: String?
        /// Socket that the terminal's master side is sent to.
        var consoleSocket: String?
        /// The caller's own, for a container in the foreground.
        var terminal: OCITerminal?
    }

    /// Makes everything that `config.json` asks for, up to the moment before the program runs. A failure leaves nothing behind.
    @discardableResult
    func create(_ request: CreateRequest) async throws(RuntimeFailure) -> Int32 {
        let sandboxID = try OCIContainer.sandboxID(request.id)
        let directory = directory(sandboxID)
        if (try? FileStatus.ifPresent(directory)).flatMap({ $0 }) != nil { throw Self.exists(request.id) }
        let bundle = try OCIBundle(directory: request.bundle, file: request.configFile)
        let records = try OCIRecords(bundle)
        let console = try OCIConsole.wanted(by: bundle.process, socket: request.consoleSocket, own: request.terminal)
        let plan = try plan(request, bundle, sandboxID)
        try makeFolder(directory, request.id)
        var container = plan.container
        do throws(RuntimeFailure) {
            let pid = try await create(&container, records, plan, sandboxID, console)
            try write(pid: pid, to: request.pidFile)
            return pid
        } catch {
            await undo(container, sandboxID)
            throw error
        }
    }

    private struct Plan {
        let container: OCIContainer
        let resources: OCIResources
        let filter: SeccompCompiler.Filter
        let tree: CgroupTree
    }

    /// Everything that can be refused before anything is made.
    private func plan(_ request: CreateRequest, _ bundle: OCIBundle, _ sandboxID: String) throws(RuntimeFailure) -> Plan {
        do {
            try Directories.make(settings.root, mode: 0o711)
            try Directories.make(settings.root + "/sandboxes", mode: 0o700)
            guard let mount = CgroupTree.mountPoint(in: try MountTable()) else {
                throw RuntimeFailure(.create, "no cgroup v2 hierarchy is mounted on this host: mount one at /sys/fs/cgroup")
            }
            let tree = try CgroupTree(root: mount, requireControllers: false)
            let path = bundle.linux.cgroupsPath ?? ""
            let name = path.split(separator: "/").joined(separator: "/")
            guard path.contains("/") || path.count(where: { $0 == ":" }) != 2 else {
                throw OCIBundle.unsupported("linux.cgroupsPath \"\(path)\"", "wanted a path below the cgroup mount, not systemd's slice:prefix:name")
            }
            let cgroup = try tree.cgroup(name.isEmpty ? "\(Self.cgroupName)/\(sandboxID)" : name)
            guard try !cgroup.isPopulated() else {
                throw OCIBundle.invalid("linux.cgroupsPath", "processes in \(cgroup.path)", "a cgroup that is empty or not there yet")
            }
            guard try !cgroup.isFrozen() else {
                throw OCIBundle.invalid("linux.cgroupsPath", "\(cgroup.path) frozen", "a cgroup whose processes run: see its cgroup.freeze")
            }
            let filter = try filter(bundle)
            let container = OCIContainer(
                id: request.id, ociVersion: bundle.spec.ociVersion, bundle: request.bundle, annotations: bundle.spec.annotations ?? [:],
                poststart: bundle.spec.hooks?.poststart ?? [], poststop: bundle.spec.hooks?.poststop ?? [], cgroupRoot: mount, cgroup: cgroup.name,
                ownsCgroup: !cgroup.exists, process: bundle.process, seccompFlags: filter.flags, created: Timestamp.now.rfc3339(),
                rootfs: bundle.rootDirectory, hasStartHooks: !(bundle.spec.hooks?.startContainer ?? []).isEmpty)
            return Plan(
                container: container, resources: try OCIResources(bundle.linux.resources ?? OCISpec.Resources()), filter: filter, tree: tree)
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.create, "\(error)")
        }
    }

    private func filter(_ bundle: OCIBundle) throws -> SeccompCompiler.Filter {
        guard let seccomp = bundle.linux.seccomp else { return .unconfined }
        let profile = try SeccompProfile(seccomp)
        let compiler = SeccompCompiler(host: try SeccompHost.current(), scratchDirectory: settings.root)
        let program = try compiler.compile(profile, capabilities: Set(bundle.process.capabilities?.bounding ?? []), name: "linux.seccomp")
        return SeccompCompiler.Filter(program: program, flags: profile.flags)
    }

    /// The folder is the id's reservation: two creations of one id cannot both succeed.
    private func makeFolder(_ directory: String, _ id: String) throws(RuntimeFailure) {
        do throws(SystemError) {
            try systemCall("mkdir", directory) { mkdir(directory, 0o700) }
        } catch {
            throw error.is(EEXIST) ? Self.exists(id) : RuntimeFailure(.create, "the container's folder cannot be made: \(error)")
        }
    }

    private static func exists(_ id: String) -> RuntimeFailure {
        RuntimeFailure(.create, "container \"\(id)\" exists already: delete it first, or take another id")
    }

    private func create(
        _ container: inout OCIContainer, _ records: OCIRecords, _ plan: Plan, _ sandboxID: String, _ console: OCIConsole?
    ) async throws(RuntimeFailure) -> Int32 {
        let directory = directory(sandboxID)
        // From now on `delete --force` finds what there is, whatever becomes of this process.
        try container.write(in: directory)
        let spawned = try await spawn(sandboxID, plan.tree)
        container.shim = ProcessIdentity(pid: spawned.pid, startTime: spawned.start_time)
        try container.write(in: directory)
        guard let connection = try await connect(sandboxID) else { throw RuntimeFailure(.create, "the new shim has ended at once") }
        defer { connection.close() }
        do {
            let containers = directory + "/containers"
            for path in [containers, containerDirectory(sandboxID)] { try systemCall("mkdir", path) { mkdir(path, 0o700) } }
            let record = try AnonymousFile.make(in: directory, content: try records.sandbox(pauseProgram: settings.pauseProgram))
            let given = try records.namespaces(OCIBundle.joinableBySandbox)
            let descriptors = [(role: SWL_FD_RECORD, descriptor: record)] + given.map { (SWL_FD_NAMESPACE, $0) }
            let made = try await connection.request(SWL_VERB_CREATE_SANDBOX, timeout: .seconds(30), descriptors: descriptors)
            if let refusal = made.refusal { throw RuntimeFailure(.create, refusal.explanation) }
            let cgroup = try makeCgroup(container, plan)
            try AtomicFile.replace(directory + "/" + OCIContainer.filterFileName, with: plan.filter.program)
            let state = records.hasHooksInside ? try AnonymousFile.make(in: directory) : nil
            var reply = try await launch(connection, records, plan, cgroup, directory, spawned.pid, console == nil, state)
            container.pid = try Self.pid(in: reply)
            try container.write(in: directory)
            if records.waitsBeforeRoot { reply = try await runHooks(connection, records.bundle, container, state) }
            try state?.replaceAll(with: Array(OCIState(container, .created).json(pretty: false).utf8))
            if let console {
                guard let master = reply.descriptors(SWL_FD_TERMINAL).first else { throw RuntimeFailure(.internal, "the shim has sent no terminal") }
                try console.give(master)
            }
            container.isCreated = true
            try container.write(in: directory)
            return try Self.pid(in: reply)
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.create, "\(error)")
        }
    }

    /// With the container's namespaces and mounts there and the host's root still to see; its pid leads hooks to the former.
    /// - Returns: the reply that comes when the container waits for its start.
    private func runHooks(
        _ connection: ShimConnection, _ bundle: OCIBundle, _ container: OCIContainer, _ state: OwnedFileDescriptor?
    ) async throws -> ShimMessage {
        let hooks = bundle.spec.hooks
        do {
            try await OCIHooks.run(hooks?.prestart ?? [], "prestart", OCIState(container, .creating))
            try await OCIHooks.run(hooks?.createRuntime ?? [], "createRuntime", OCIState(container, .creating))
            try state?.replaceAll(with: Array(OCIState(container, .creating).json(pretty: false).utf8))
            let reply = try await connection.request(SWL_VERB_START, timeout: Self.hookTimeout) { $0.string(SWL_TAG_CONTAINER_ID, OCIContainer.name) }
            if let refusal = reply.refusal { throw RuntimeFailure(.create, refusal.explanation) }
            warn(of: reply)
            return reply
        } catch {
            // The poststop hooks end what other hooks have begun.
            for problem in await OCIHooks.attempt(container.poststop, "poststop", OCIState(container, .stopped)) { logger.warning("\(problem)") }
            throw error
        }
    }

    private static func pid(in reply: ShimMessage) throws(RuntimeFailure) -> Int32 {
        guard let process = reply.process, process.pid > 0 else { throw RuntimeFailure(.internal, "the shim's reply names no process") }
        return process.pid
    }

    private func warn(of reply: ShimMessage) {
        for warning in reply.warnings { logger.warning("the container lacks something: \(warning.explanation)") }
    }

    private func launch(
        _ connection: ShimConnection, _ records: OCIRecords, _ plan: Plan, _ cgroup: Cgroup, _ directory: String, _ shim: Int32,
        _ ownStreams: Bool, _ state: OwnedFileDescriptor?
    ) async throws -> ShimMessage {
        let process = OCIProcess(process: records.bundle.process, filter: plan.filter, available: try CapabilityName.permitted(of: shim))
        for name in process.missingCapabilities { logger.warning("config.json: process.capabilities: \(name) cannot be granted here") }
        let record = try AnonymousFile.make(in: directory, content: try records.launch(process))
        var descriptors: [(role: swl_fd, descriptor: OwnedFileDescriptor)] = [(SWL_FD_RECORD, record), (SWL_FD_CGROUP, try cgroup.open())]
        for mount in records.mounts {
            if let source = try mount.openSource() { descriptors.append((SWL_FD_MOUNT_SOURCE, source)) }
        }
        descriptors += try records.namespaces(OCIBundle.joinableByContainer).map { (SWL_FD_NAMESPACE, $0) }
        if let state { descriptors.append((SWL_FD_HOOK_STATE, state)) }
        if ownStreams { descriptors += try OwnStreams.all() }
        guard descriptors.count <= Int(SWL_FDS_MAX) else {
            throw OCIBundle.invalid("mounts", "\(descriptors.count) with what else is handed over", "at most \(SWL_FDS_MAX)")
        }
        let reply = try await connection.request(SWL_VERB_LAUNCH, timeout: .seconds(120), descriptors: descriptors) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, OCIContainer.name)
        }
        if let refusal = reply.refusal { throw RuntimeFailure(.create, refusal.explanation) }
        warn(of: reply)
        return reply
    }

    private func makeCgroup(_ container: OCIContainer, _ plan: Plan) throws -> Cgroup {
        let cgroup = try plan.tree.create(container.cgroup)
        for field in try plan.resources.apply(to: cgroup, tolerant: settings.ignoresMissingControllers) {
            logger.warning("config.json: \(field) is not enforced on this host")
        }
        return cgroup
    }

    private func spawn(_ sandboxID: String, _ tree: CgroupTree) async throws(RuntimeFailure) -> swl_process {
        let lock: OwnedFileDescriptor
        let spawner: SpawnerConnection
        do {
            // Two creations at once start one spawner.
            lock = try OwnedFileDescriptor.open(settings.root + "/lock", O_RDWR | O_CREAT, mode: 0o600)
            try systemCall("flock") { lock.withRawValue { flock($0, LOCK_EX) } }
            spawner = SpawnerConnection(
                runDirectory: settings.root, shimProgram: settings.shimProgram, cgroup: try tree.cgroup(Self.cgroupName + "-shims"), logger: logger)
        } catch {
            throw RuntimeFailure(.create, "\(error)")
        }
        try await spawner.prepare()
        lock.close()
        let process = try await spawner.spawn(sandboxID: sandboxID)
        await spawner.close()
        return process
    }

    func write(pid: Int32, to path: String?) throws(RuntimeFailure) {
        guard let path else { return }
        do throws(SystemError) {
            try AtomicFile.replace(path, with: String(pid), mode: 0o644)
        } catch {
            throw RuntimeFailure(.create, "the pid file cannot be written: \(error)")
        }
    }

    private func undo(_ container: OCIContainer, _ sandboxID: String) async {
        do throws(RuntimeFailure) {
            try await end(container, try await connect(sandboxID))
            try removeFolder(directory(sandboxID))
        } catch {
            logger.error("leftovers of a container that could not be made: \(error); remove them with delete --force")
        }
    }
}
