import LinuxCgroups
import LinuxSystem
package import Logging
package import PodCore
import ShimClient
import Synchronization

/// Sandboxes and containers on this node, through one shim process for each sandbox.
///
/// Sandboxes do not wait for each other: what blocks runs on the runtime's own threads, what is asked of a shim is awaited.
package final class ShimRuntime: ContainerRuntime {
    let settings: ShimRuntimeSettings
    let logger: Logger
    let spawner: SpawnerConnection
    let seccomp: SeccompCompiler
    let appArmor: AppArmor
    let userNamespaces: UserNamespaceIDs
    let pool: BlockingPool
    /// For opening what containers mount, which may lie on a file system that does not answer: nothing else waits for that.
    private let sources = BlockingPool(name: "mount-sources", threads: 8, queueLimit: 4096)
    /// Of layers. Not the runtime's own threads, because starts and kills must not wait until a million files are gone.
    private let removals = BlockingPool(name: "removals", threads: 4, queueLimit: 4096)
    let levels: LevelWeights
    /// The last limits of all pods together.
    let limitsOfAllPods = Mutex<CgroupResources?>(nil)
    let logCompressor: LogCompressor
    let logChanges: LogChanges
    private let sandboxes = Mutex<[String: Sandbox]>([:])
    private let capabilities = Mutex<UInt64?>(nil)

    package let events: AsyncStream<RuntimeEvent>
    private let eventSink: AsyncStream<RuntimeEvent>.Continuation

    /// Makes the directories that are missing. Blocking for a moment; nothing is started or looked for before it is needed.
    package init(_ settings: ShimRuntimeSettings, logger: Logger) throws(RuntimeFailure) {
        self.settings = settings
        self.logger = logger
        do {
            try Directories.make(settings.runDirectory, mode: 0o711)
            try Directories.make(settings.runDirectory + "/sandboxes", mode: 0o700)
            try Directories.make(settings.stateDirectory, mode: 0o711)
            try Directories.make(settings.layersDirectory, mode: 0o700)
            spawner = SpawnerConnection(
                runDirectory: settings.runDirectory, shimProgram: settings.shimProgram, cgroup: try settings.cgroups.cgroup(PodCgroup.shims),
                patience: settings.spawnerPatience, logger: logger)
            seccomp = SeccompCompiler(host: try SeccompHost.current(), scratchDirectory: settings.runDirectory)
            appArmor = AppArmor(scratchDirectory: settings.runDirectory)
            userNamespaces = UserNamespaceIDs(settings.userIDs)
        } catch let error as RuntimeFailure {
            throw error
        } catch {
            throw RuntimeFailure(.internal, "the runtime cannot be set up: \(error)")
        }
        levels = LevelWeights(tree: settings.cgroups)
        logCompressor = LogCompressor(logger: logger)
        logChanges = LogChanges(logger: logger)
        pool = BlockingPool(name: "runtime", threads: 8, queueLimit: 4096)
        // Bounded by what there is: a container ends once, and a shim holds at most SWL_CONTAINERS_MAX of them.
        (events, eventSink) = AsyncStream.makeStream(of: RuntimeEvent.self, bufferingPolicy: .unbounded)
    }

    deinit { eventSink.finish() }

    /// Returns when new sandboxes can be started: the spawner has answered. One that is missing is started. Throws the problem.
    package func answer() async throws(RuntimeFailure) { try await spawner.ping() }

    /// Why containers with volumes cannot be started any more; `nil` while they can.
    package var problem: String? { sources.problem }

    // MARK: Known sandboxes

    func sandbox(_ id: String) throws(RuntimeFailure) -> Sandbox {
        guard let sandbox = sandboxes.withLock({ $0[id] }) else { throw RuntimeFailure(.notFound, "no sandbox \(id) on this node") }
        return sandbox
    }

    func knownSandbox(_ id: String) -> Sandbox? { sandboxes.withLock { $0[id] } }

    var knownSandboxes: [Sandbox] { sandboxes.withLock { Array($0.values) } }

    /// Returns false if the id is taken.
    func insert(_ sandbox: Sandbox) -> Bool {
        sandboxes.withLock { sandboxes in
            guard sandboxes[sandbox.id] == nil else { return false }
            sandboxes[sandbox.id] = sandbox
            return true
        }
    }

    func remove(_ sandbox: Sandbox) {
        sandboxes.withLock { sandboxes in
            if sandboxes[sandbox.id] === sandbox { sandboxes[sandbox.id] = nil }
        }
    }

    func paths(_ sandboxID: String) -> SandboxPaths {
        SandboxPaths(runDirectory: settings.runDirectory, stateDirectory: settings.stateDirectory, sandboxID: sandboxID)
    }

    /// The capabilities that shims can grant: what they have themselves. All are started alike, so the first one is asked. Blocking.
    func availableCapabilities(_ sandbox: Sandbox) throws -> UInt64 {
        if let known = capabilities.withLock({ $0 }) { return known }
        guard let shim = sandbox.shim else { throw RuntimeFailure(.internal, "sandbox \(sandbox.id) has no shim") }
        let mask = try CapabilityName.permitted(of: shim.pid)
        capabilities.withLock { $0 = mask }
        return mask
    }

    func report(_ event: RuntimeEvent) { eventSink.yield(event) }
}

/// Runs `body` on the runtime's threads and translates what it throws.
extension ShimRuntime {
    func blocking<T: Sendable>(
        _ operation: String, _ code: RuntimeFailure.Code, deadline: Duration? = nil, _ body: @escaping @Sendable () throws -> T
    ) async throws(RuntimeFailure) -> T {
        do {
            return try await pool.run(operation, deadline: deadline, body)
        } catch {
            throw RuntimeFailure(translating: error, during: operation, code)
        }
    }

    /// Removes a folder that programs of a pod may have filled with any number of files: in turns, so that other removals go on meanwhile.
    func removeTree(_ path: String) async throws {
        while try await !removals.run("remove \(path)", { try TreeRemoval.advance(path, within: .milliseconds(200)) }) {}
    }

    /// Opens the sources of a container's mounts, in the order of the descriptors of the request. One that hangs costs one thread, however often it is
    /// tried.
    func openSources(of plan: MountPlan) async throws(RuntimeFailure) -> [OwnedFileDescriptor] {
        var opened: [OwnedFileDescriptor] = []
        do {
            for entry in plan.bound {
                opened.append(
                    try await sources.run("open mount source", on: entry.source.path, deadline: settings.sourcePatience) { try entry.open() })
            }
        } catch {
            throw RuntimeFailure(translating: error, during: "mount at \(plan.bound[opened.count].destination)", .create)
        }
        return opened
    }

    /// Runs a clean-up that a cancelled task must finish as well, in a task that does not inherit the cancellation.
    func uncancelled<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
        try await Task { try await body() }.value
    }
}
