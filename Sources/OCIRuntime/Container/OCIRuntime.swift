import CLinux
import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// The operations of the OCI runtime specification over the shim: one shim for each container, whose pause holds the namespaces.
struct OCIRuntime: Sendable {
    struct Settings: Sendable {
        /// Sockets and records; dies with the boot.
        var root = "/run/swiftlet-oci"
        var shimProgram = "/usr/libexec/swiftlet/swiftlet-shim"
        var pauseProgram = "/usr/libexec/swiftlet/swiftlet-pause"
        /// Limits that this host has no controller for are left out with a warning instead of being an error.
        var ignoresMissingControllers = false
    }

    static let cgroupName = "swiftlet-oci"
    /// A step in which hooks run that have a time limit of their own, or none.
    static let hookTimeout = Duration.seconds(24 * 3600)

    let settings: Settings
    let logger: Logger

    func directory(_ sandboxID: String) -> String { "\(settings.root)/sandboxes/\(sandboxID)" }

    func containerDirectory(_ sandboxID: String) -> String { "\(directory(sandboxID))/containers/\(OCIContainer.name)" }

    /// A container that exists, with the name of its sandbox.
    func existing(_ id: String) throws(RuntimeFailure) -> (container: OCIContainer, sandboxID: String) {
        let sandboxID = try OCIContainer.sandboxID(id)
        guard let container = try OCIContainer.read(in: directory(sandboxID)) else {
            throw RuntimeFailure(.notFound, "container \"\(id)\" does not exist below \(settings.root)")
        }
        return (container, sandboxID)
    }

    /// The container's shim; `nil` when it has ended.
    func connect(_ sandboxID: String, onEvent: @escaping ShimConnection.EventHandler = { _ in }, onEnd: @escaping ShimConnection.EndHandler = {})
        async throws(RuntimeFailure) -> ShimConnection?
    {
        do {
            return try await ShimConnection.connect(
                directory: directory(sandboxID), socket: ShimConnection.socketName, peer: "the shim of container \(sandboxID)", onEvent: onEvent,
                onEnd: onEnd)
        } catch let error as SystemError where error.isNotFound || error.is(ECONNREFUSED) {
            return nil
        } catch {
            throw RuntimeFailure(.internal, "the container's shim cannot be reached: \(error)")
        }
    }

    func status(_ container: OCIContainer, _ connection: ShimConnection?) async throws(RuntimeFailure) -> OCIState.Status {
        guard let connection else { return container.isCreated ? .stopped : .creating }
        let reply = try await connection.request(SWL_VERB_QUERY, timeout: .seconds(10))
        if let refusal = reply.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        guard let state = reply.containerStates.first(where: { $0.id == OCIContainer.name })?.state else {
            return container.isCreated ? .stopped : .creating
        }
        switch swl_state(UInt32(state.state)) {
        case SWL_STATE_CREATED: return container.isCreated ? .created : .creating
        case SWL_STATE_RUNNING: return isFrozen(container) ? .paused : .running
        case SWL_STATE_EXITED: return .stopped
        default: return .creating
        }
    }

    // MARK: Operations

    func state(_ id: String) async throws(RuntimeFailure) -> OCIState {
        let (container, sandboxID) = try existing(id)
        let connection = try await connect(sandboxID)
        defer { connection?.close() }
        return OCIState(container, try await status(container, connection))
    }

    /// Lets the program of a created container run.
    func start(_ id: String) async throws(RuntimeFailure) {
        let (container, sandboxID) = try existing(id)
        let connection = try await connect(sandboxID)
        defer { connection?.close() }
        let status = try await status(container, connection)
        guard status == .created, let connection else {
            throw RuntimeFailure(.notRunning, "container \"\(id)\" cannot be started: it is \(status.rawValue), wanted created")
        }
        let timeout = container.hasStartHooks == true ? Self.hookTimeout : .seconds(60)
        let reply = try await connection.request(SWL_VERB_START, timeout: timeout) { $0.string(SWL_TAG_CONTAINER_ID, OCIContainer.name) }
        if let refusal = reply.refusal { throw RuntimeFailure(.start, refusal.explanation) }
        for problem in await OCIHooks.attempt(container.poststart, "poststart", OCIState(container, .running)) { logger.warning("\(problem)") }
    }

    /// - Parameter all: every process of the container's cgroup; allowed when the first one has ended, too.
    func kill(_ id: String, signal: Int32, all: Bool) async throws(RuntimeFailure) {
        let (container, sandboxID) = try existing(id)
        let connection = try await connect(sandboxID)
        defer { connection?.close() }
        let status = try await status(container, connection)
        guard let connection, [.created, .running, .paused].contains(status) else {
            if all { return try await killRest(container, signal) }
            throw RuntimeFailure(.notRunning, "container \"\(id)\" cannot be signalled: it is \(status.rawValue), wanted created or running")
        }
        let reply = try await connection.request(SWL_VERB_SIGNAL, timeout: .seconds(10)) { writer in
            writer.string(SWL_TAG_CONTAINER_ID, OCIContainer.name)
            writer.layout(SWL_TAG_SIGNAL, swl_signal(signal: signal, flags: all ? UInt32(SWL_SIGNAL_ALL) : 0))
        }
        if let refusal = reply.refusal { throw RuntimeFailure(.notRunning, "container \"\(id)\": \(refusal.explanation)") }
    }

    /// Signals the processes of a container whose first process has ended.
    private func killRest(_ container: OCIContainer, _ signal: Int32) async throws(RuntimeFailure) {
        guard container.ownsCgroup else { return }
        let cgroup = try cgroup(of: container)
        do {
            if signal == SIGKILL {
                try cgroup.kill()
            } else {
                for pid in try cgroup.processes() { try? PidFD(pid: pid).signal(signal) }
            }
        } catch {
            throw RuntimeFailure(.internal, "the rest of container \"\(container.id)\" cannot be signalled: \(error)")
        }
    }

    /// Takes a stopped container away.
    /// - Parameter force: also one that runs, and one that is not there.
    func delete(_ id: String, force: Bool) async throws(RuntimeFailure) {
        let sandboxID = try OCIContainer.sandboxID(id)
        let directory = directory(sandboxID)
        guard let container = try OCIContainer.read(in: directory) else {
            if force { return try removeFolder(directory) }
            throw RuntimeFailure(.notFound, "container \"\(id)\" does not exist below \(settings.root)")
        }
        let connection = try await connect(sandboxID)
        if !force {
            let status = try await status(container, connection)
            guard status == .stopped else {
                connection?.close()
                throw RuntimeFailure(
                    .notRunning, "container \"\(id)\" cannot be deleted: it is \(status.rawValue), wanted stopped; kill it, or use --force")
            }
        }
        try await end(container, connection)
        try removeFolder(directory)
        for problem in await OCIHooks.attempt(container.poststop, "poststop", OCIState(container, .stopped)) { logger.warning("\(problem)") }
    }

    /// Ends shim, pause and container, and takes the cgroup away.
    func end(_ container: OCIContainer, _ connection: ShimConnection?) async throws(RuntimeFailure) {
        if let connection { _ = try? await connection.request(SWL_VERB_SHUTDOWN, timeout: .seconds(10)) }
        connection?.close()
        if let shim = try? container.shim?.open() {
            do {
                try await shim.waitForExit(timeout: .seconds(5))
            } catch {
                try? shim.signal(SIGKILL)
                try? await shim.waitForExit(timeout: .seconds(10))
            }
        }
        guard container.ownsCgroup else { return }
        do {
            try await cgroup(of: container).remove(timeout: .seconds(10))
        } catch {
            throw RuntimeFailure(.internal, "the cgroup of container \"\(container.id)\" cannot be removed: \(error)")
        }
    }

    func removeFolder(_ directory: String) throws(RuntimeFailure) {
        do throws(SystemError) {
            try TreeRemoval.remove(directory)
        } catch {
            throw RuntimeFailure(.internal, "the container's records cannot be removed: \(error)")
        }
    }

    func cgroup(of container: OCIContainer) throws(RuntimeFailure) -> Cgroup {
        do throws(CgroupError) {
            return try CgroupTree(root: container.cgroupRoot, requireControllers: false).cgroup(container.cgroup)
        } catch {
            throw RuntimeFailure(.create, "the container's cgroup cannot be named: \(error)")
        }
    }
}
