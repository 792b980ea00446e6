import CLinux
import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import Logging
package import PodCore
import ShimClient

extension ShimRuntime {
    package func startContainer(
        _ configuration: ContainerConfiguration, inSandbox sandboxID: String
    ) async throws(RuntimeFailure) -> StartedContainer {
        try SandboxPaths.check(id: configuration.id, "container", .create)
        let sandbox = try sandbox(sandboxID)
        do throws(RuntimeFailure) {
            try sandbox.launch(configuration)
        } catch {
            if sandbox.endIsReported { reportEnd(of: sandbox) }
            throw error
        }
        do throws(RuntimeFailure) {
            let appArmor = try await appArmor.profile(for: configuration.process.appArmor, privileged: configuration.privileged)
            let user: SandboxConfiguration.NamespaceMode = sandbox.document.ids == nil ? .node : .pod
            let plan = try MountPlan(
                configuration, sharedMemory: sandbox.configuration.ipc == .node ? "/dev/shm" : sandbox.paths.sharedMemory, user: user)
            let sources = try await openSources(of: plan)
            let prepared = try await blocking("prepare container \(configuration.name)", .create, deadline: settings.sourcePatience) { [self] in
                try prepare(configuration, plan, sources, appArmor: appArmor, in: sandbox)
            }
            return try await launch(configuration, prepared, in: sandbox)
        } catch {
            await undo(configuration, in: sandbox)
            if sandbox.endIsReported { reportEnd(of: sandbox) }
            // Not the container's fault: it goes into the sandbox that takes this one's place.
            if sandbox.connection?.isClosed ?? true { throw RuntimeFailure(.notRunning, error.message) }
            throw error
        }
    }

    private struct PreparedContainer: Sendable {
        let record: OwnedFileDescriptor
        let cgroup: OwnedFileDescriptor
        let sources: [OwnedFileDescriptor]
        let warnings: [String]
    }

    private func launch(
        _ configuration: ContainerConfiguration, _ prepared: PreparedContainer, in sandbox: Sandbox
    ) async throws(RuntimeFailure) -> StartedContainer {
        guard let connection = sandbox.connection else { throw RuntimeFailure(.internal, "sandbox \(sandbox.id) has no connection to its shim") }
        let descriptors = [(SWL_FD_RECORD, prepared.record), (SWL_FD_CGROUP, prepared.cgroup)] + prepared.sources.map { (SWL_FD_MOUNT_SOURCE, $0) }
        let reply = try await connection.request(SWL_VERB_LAUNCH, timeout: settings.launchPatience, descriptors: descriptors) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, configuration.id)
        }
        if let refusal = reply.refusal {
            throw LaunchFailure.failure(refusal, args: configuration.process.args, env: configuration.process.env)
        }
        guard let process = reply.process, process.pid > 0 else { throw RuntimeFailure(.internal, "the shim's reply names no process") }
        FailPoint.reach("container.started")
        let started = StartedContainer(
            id: configuration.id, pid: process.pid, startedAt: Timestamp(unixNanoseconds: process.started_at),
            warnings: prepared.warnings + reply.warnings.map(\.explanation))
        await perform(sandbox.started(started), of: sandbox)
        return started
    }

    /// Everything on the node's side of a new container. Blocking.
    private func prepare(
        _ configuration: ContainerConfiguration, _ plan: MountPlan, _ sources: [OwnedFileDescriptor], appArmor: String?, in sandbox: Sandbox
    ) throws -> PreparedContainer {
        let paths = sandbox.paths.container(configuration.id)
        let ids = sandbox.document.ids
        let filter = try seccomp.filter(
            configuration.privileged ? .unconfined : configuration.process.seccomp, capabilities: configuration.process.capabilities)
        let available = try availableCapabilities(sandbox)
        let record = try LaunchRecord.encode(
            configuration, paths: paths, mounts: plan, filter: filter, appArmor: appArmor, pid: sandbox.configuration.pid,
            user: ids == nil ? .node : .pod,
            availableCapabilities: available)
        let missing = CapabilityName.names(try CapabilityName.mask(configuration.process.capabilities) & ~available)

        for directory in [paths.directory, paths.root] { try systemCall("mkdir", directory) { mkdir(directory, 0o700) } }
        try makeLayer(paths, below: configuration.lowerDirectories, ids: ids)
        FailPoint.reach("container.layer")
        if let slash = configuration.log.path.lastIndex(of: "/"), slash > configuration.log.path.startIndex {
            try Directories.make(String(configuration.log.path[..<slash]), mode: 0o755)
        }
        // Before the launch: a container that an agent did not live to see start must be found by the next one.
        try ContainerDocument(configuration: configuration).write(to: paths.document)
        let file = try OwnedFileDescriptor.open(paths.launchRecord, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try file.writeAll(record)
        FailPoint.reach("container.document")

        let cgroup = try settings.cgroups.create(try sandbox.cgroup.child(configuration.id).name)
        let notEnforced = try cgroup.apply(CgroupLimits(configuration.resources, killsTogether: true))
        FailPoint.reach("container.cgroup")
        return PreparedContainer(
            record: file, cgroup: try cgroup.open(), sources: sources,
            warnings: notEnforced.map { "\($0) is not enforced on this host" }
                + (missing.isEmpty ? [] : ["not available on this host: " + missing.joined(separator: " ")]))
    }

    /// The writable layer. Its root becomes the container's root: it has to look like the image's, to whom the container's ids are its own.
    private func makeLayer(_ paths: ContainerPaths, below lowers: [String], ids: IDMapping?) throws {
        for directory in [paths.layer, paths.upper, paths.work] { try systemCall("mkdir", directory) { mkdir(directory, 0o700) } }
        guard let image = lowers.first else { return }
        let status = try FileStatus(of: image, follow: true)
        let (uid, gid) = try ids.map { try $0.owner(of: image, status) } ?? (status.uid, status.gid)
        for directory in ids == nil ? [paths.upper] : [paths.upper, paths.work] {
            try systemCall("chown", directory) { chown(directory, uid, gid) }
        }
        try systemCall("chmod", paths.upper) { chmod(paths.upper, mode_t(status.mode)) }
    }

    package func signal(_ signal: Int32, container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        let (sandbox, container) = try container(containerID, inSandbox: sandboxID)
        guard case .running = container.phase, let connection = sandbox.connection, !connection.isClosed else { return }
        let reply = try await connection.request(SWL_VERB_SIGNAL, timeout: .seconds(10)) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, containerID)
            writer.layout(SWL_TAG_SIGNAL, swl_signal(signal: signal, flags: 0))
        }
        FailPoint.reach("container.signalled")
        if let refusal = reply.refusal, !refusal.isGone {
            throw RuntimeFailure(.internal, "signal \(signal) could not be sent to container \(containerID): \(refusal.explanation)")
        }
    }

    package func stop(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        let (_, container) = try container(containerID, inSandbox: sandboxID)
        try await signal(container.configuration.stopSignal, container: containerID, inSandbox: sandboxID)
    }

    package func kill(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        let (sandbox, container) = try container(containerID, inSandbox: sandboxID)
        let operation = "kill container \(containerID)"
        do {
            // By the cgroup and not by the shim: no process escapes, and it works while the shim does not.
            let cgroup = try sandbox.cgroup.child(containerID)
            try await pool.run(operation) { try cgroup.kill() }
            try await cgroup.waitUntilEmpty(timeout: Self.patience)
        } catch {
            throw RuntimeFailure(translating: error, during: operation, .internal)
        }
        guard case .running(let started) = container.phase, await container.ended.value(within: Self.exitPatience) == nil else { return }
        logger.warning(
            "Killed container's exit is not reported by its shim",
            metadata: ["sandbox": .string(sandboxID), "container": .string(containerID)])
        await perform(.readExit(containerID, started), of: sandbox)
    }

    /// How long the shim is given to report the exit of a container that has no process left.
    private static let exitPatience = Duration.seconds(3)

    package func removeContainer(_ containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        guard let sandbox = knownSandbox(sandboxID), let container = sandbox.container(containerID) else { return }
        switch container.phase {
        case .launching, .running:
            throw RuntimeFailure(.internal, "container \(containerID) still runs: kill it and wait for its exit before removing it")
        case .exited, .neverStarted:
            try await clear(containerID, in: sandbox)
            sandbox.forget(container: containerID)
        }
    }

    private func container(_ containerID: String, inSandbox sandboxID: String) throws(RuntimeFailure) -> (Sandbox, Sandbox.Container) {
        let sandbox = try sandbox(sandboxID)
        guard let container = sandbox.container(containerID) else {
            throw RuntimeFailure(.notFound, "no container \(containerID) in sandbox \(sandboxID)")
        }
        return (sandbox, container)
    }

    /// A container that runs, as far as is known here.
    func running(_ containerID: String, inSandbox sandboxID: String) throws(RuntimeFailure) -> (Sandbox, Sandbox.Container) {
        let (sandbox, container) = try container(containerID, inSandbox: sandboxID)
        guard case .running = container.phase else { throw Self.notRunning(container.configuration) }
        return (sandbox, container)
    }

    static func notRunning(_ configuration: ContainerConfiguration) -> RuntimeFailure {
        RuntimeFailure(.notRunning, "container \(configuration.name) does not run")
    }

    /// Takes away what a container that is not to run has on the node: cgroup, layer, records, the shim's memory of it. The log stays.
    ///
    /// The cgroup goes first, with what lives there. Without it the kernel refuses to start the container, should the shim come to a launch only
    /// now that was given up: so a shim that does not answer is neither needed nor waited for.
    private func clear(_ containerID: String, in sandbox: Sandbox) async throws(RuntimeFailure) {
        do {
            try await uncancelled { [self] in
                let cgroup = try sandbox.cgroup.child(containerID)
                let paths = sandbox.paths.container(containerID)
                // Not empty when its launch was never answered, or a daemon of it outlived the first process.
                if try await !pool.run("remove cgroup", { try cgroup.removeIfEmpty() }) { try await cgroup.remove(timeout: Self.patience) }
                try await removeTree(paths.layer)
                try await removeTree(paths.directory)
                if let connection = sandbox.connection, !connection.isClosed { await forget(containerID, connection) }
            }
        } catch {
            throw RuntimeFailure(translating: error, during: "remove container \(containerID)", .internal)
        }
    }

    /// A container that did not start leaves nothing.
    private func undo(_ configuration: ContainerConfiguration, in sandbox: Sandbox) async {
        // First: an exit that is reported from now on belongs to an unknown container, and the shim drops it.
        sandbox.forget(container: configuration.id)
        do throws(RuntimeFailure) {
            try await clear(configuration.id, in: sandbox)
        } catch {
            logger.error(
                "Container that did not start leaves files or processes",
                metadata: ["sandbox": .string(sandbox.id), "container": .string(configuration.id), "error": .string("\(error)")])
        }
    }
}
