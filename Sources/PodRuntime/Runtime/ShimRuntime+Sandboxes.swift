import CLinux
import Glibc
import KubeModel
import LinuxCgroups
import LinuxSystem
import Logging
package import PodCore
import ShimClient
import Timing

extension ShimRuntime {
    package func createSandbox(_ configuration: SandboxConfiguration) async throws(RuntimeFailure) -> StartedSandbox {
        try SandboxPaths.check(id: configuration.id, "sandbox", .sandbox)
        let cgroupName = PodCgroup.name(of: configuration)
        let cgroup: Cgroup
        do throws(CgroupError) {
            cgroup = try settings.cgroups.cgroup(cgroupName)
        } catch {
            throw RuntimeFailure(.sandbox, "the pod's cgroup cannot be named: \(error)")
        }
        let ids =
            configuration.user == .pod ? try userNamespaces.acquire(sandboxID: configuration.id, podUID: configuration.pod.uid) : nil
        let document = SandboxDocument(configuration: configuration, createdAt: KernelClock.realtime, ids: ids, cgroup: cgroupName)
        let sandbox = Sandbox(document, paths: paths(configuration.id), cgroup: cgroup)
        guard insert(sandbox) else { throw RuntimeFailure(.sandbox, "sandbox \(configuration.id) exists already: remove it first") }
        do throws(RuntimeFailure) {
            return try await create(sandbox)
        } catch {
            await undo(sandbox)
            throw error
        }
    }

    private struct PreparedSandbox: Sendable {
        let record: OwnedFileDescriptor
        let cgroup: OwnedFileDescriptor
        let notEnforced: [String]
    }

    private func create(_ sandbox: Sandbox) async throws(RuntimeFailure) -> StartedSandbox {
        try await spawner.prepare()
        try await blocking("make the folder of sandbox \(sandbox.id)", .sandbox) { [self] in
            try restoreTree()
            try Self.makeDirectories(of: sandbox)
        }
        // The shim starts while the node's side is prepared: neither needs the other.
        async let preparation = blocking("prepare sandbox \(sandbox.id)", .sandbox) { [self] in try prepare(sandbox) }
        let process = try await spawner.spawn(sandboxID: sandbox.id)
        sandbox.setShim(process)
        FailPoint.reach("sandbox.spawned")
        let prepared: PreparedSandbox
        do {
            prepared = try await preparation
            try await connect(to: sandbox)
        } catch let failure as RuntimeFailure {
            throw failure
        } catch {
            throw RuntimeFailure(.sandbox, "the new shim cannot be reached: \(error)")
        }
        guard let connection = sandbox.connection else { throw RuntimeFailure(.internal, "the new shim's connection is gone") }
        // One after the other without waiting in between: no event can come before the subscription counts.
        let subscribed = try await connection.begin(SWL_VERB_SUBSCRIBE, timeout: .seconds(15))
        let reply = try await connection.request(
            SWL_VERB_CREATE_SANDBOX, timeout: .seconds(30),
            descriptors: [(SWL_FD_RECORD, prepared.record), (SWL_FD_CGROUP, prepared.cgroup)])
        if let refusal = reply.refusal { throw RuntimeFailure(.sandbox, refusal.explanation) }
        if let refusal = try await subscribed.value().get().refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        guard let pause = reply.process, pause.pid > 0 else { throw RuntimeFailure(.internal, "the shim's reply names no pause process") }
        for warning in reply.warnings {
            logger.warning("Sandbox runs without something", metadata: ["sandbox": .string(sandbox.id), "problem": .string(warning.explanation)])
        }
        sandbox.setPause(pause)
        FailPoint.reach("sandbox.created")
        try sandbox.made()
        return StartedSandbox(
            id: sandbox.id, pausePID: pause.pid, networkNamespacePath: Self.networkNamespace(pause.pid),
            createdAt: Timestamp(unixNanoseconds: sandbox.document.createdAt), notEnforced: prepared.notEnforced)
    }

    package func userNamespace(ofPod podUID: String) async throws(RuntimeFailure) -> PodUserNamespace? {
        for sandbox in knownSandboxes where sandbox.configuration.pod.uid == podUID {
            guard let ids = sandbox.document.ids, let pause = sandbox.pause, pause.exists else { continue }
            return PodUserNamespace(path: "/proc/\(pause.pid)/ns/user", firstID: ids.first)
        }
        return nil
    }

    static func networkNamespace(_ pid: Int32) -> String { "/proc/\(pid)/ns/net" }

    private static func makeDirectories(of sandbox: Sandbox) throws(SystemError) {
        let paths = sandbox.paths
        try systemCall("mkdir", paths.directory) { mkdir(paths.directory, 0o700) }
        sandbox.takeDirectory()
        // Before any process or file has these ids.
        if let ids = sandbox.document.ids { try AtomicFile.replace(paths.ids, with: ids.text) }
        try systemCall("mkdir", paths.containers) { mkdir(paths.containers, 0o700) }
        FailPoint.reach("sandbox.folder")
    }

    /// Everything else on the node's side of a new sandbox. Blocking.
    private func prepare(_ sandbox: Sandbox) throws -> PreparedSandbox {
        let paths = sandbox.paths
        try sandbox.document.write(to: paths.document)
        FailPoint.reach("sandbox.document")
        if sandbox.configuration.ipc != .node {
            // One for all containers of the pod, so it has to be there before any of them: a mount of the node, in the sandbox's own folder.
            try systemCall("mkdir", paths.sharedMemory) { mkdir(paths.sharedMemory, 0o700) }
            var options = ["mode=1777", "size=\(settings.sharedMemorySize)"]
            if let ids = sandbox.document.ids { options += ["uid=\(ids.first)", "gid=\(ids.first)"] }
            try Mounts.tmpfs(at: paths.sharedMemory, options: options, flags: [.noSUID, .noDevices, .noExecute])
        }
        // The pause's own first: from then on an earlier sandbox of this pod that is being removed cannot take the pod's cgroup, and its
        // limits, away.
        let leaf = try PodCgroup.makePause(of: sandbox.id, below: sandbox.cgroup)
        let notEnforced = try sandbox.cgroup.apply(CgroupLimits(sandbox.configuration.resources, killsTogether: false))
        balanceLevels()
        FailPoint.reach("sandbox.cgroup")
        let record = SandboxRecord.encode(sandbox.configuration, ids: sandbox.document.ids, pauseProgram: settings.pauseProgram)
        return PreparedSandbox(
            record: try AnonymousFile.make(in: paths.directory, content: record), cgroup: try leaf.open(), notEnforced: notEnforced)
    }

    package func record(addresses: [String], ofSandbox sandboxID: String) async throws(RuntimeFailure) {
        let sandbox = try sandbox(sandboxID)
        try await blocking("record addresses of sandbox \(sandboxID)", .internal) {
            try sandbox.setAddresses(addresses).write(to: sandbox.paths.document)
            FailPoint.reach("network.recorded")
        }
    }

    package func stopSandbox(_ sandboxID: String) async throws(RuntimeFailure) {
        guard let sandbox = knownSandbox(sandboxID) else { return }
        try await stop(sandbox)
    }

    package func removeSandbox(_ sandboxID: String) async throws(RuntimeFailure) {
        try SandboxPaths.check(id: sandboxID, "sandbox", .notFound)
        guard let sandbox = try await knownOrLeft(sandboxID) else { return }
        try await stop(sandbox)
        try await forget(sandbox)
    }

    /// A sandbox of an earlier agent that was not recovered; `nil` when there is nothing of that id.
    private func knownOrLeft(_ sandboxID: String) async throws(RuntimeFailure) -> Sandbox? {
        if let known = knownSandbox(sandboxID) { return known }
        let paths = paths(sandboxID)
        return try await blocking("look for sandbox \(sandboxID)", .internal) { [self] in
            guard try FileStatus.ifPresent(paths.directory) != nil else { return nil }
            return try left(paths)
        }
    }

    /// The pause between two tries at which no further one follows.
    private static let removalPatience = Duration.seconds(4)

    /// Removes everything that a failed creation left. Files that cannot be removed are logged and left to `recover` and `removeSandbox`.
    private func undo(_ sandbox: Sandbox) async {
        // A directory that was there before belongs to another sandbox, even if its record cannot be read.
        guard sandbox.ownsDirectory else {
            userNamespaces.release(sandboxID: sandbox.id)
            return remove(sandbox)
        }
        do {
            try await uncancelled { [self] in try await stopAndForget(sandbox) }
        } catch {
            remove(sandbox)
            logger.error(
                "Sandbox that could not be made leaves files or processes", metadata: ["sandbox": .string(sandbox.id), "error": .string("\(error)")])
        }
    }

    /// A shim whose spawner has just ended may still write into the folder before it ends as well: the removal is repeated for some seconds.
    private func stopAndForget(_ sandbox: Sandbox) async throws {
        var backOff = BackOff(initial: .milliseconds(10), maximum: Self.removalPatience)
        while true {
            do {
                try await stop(sandbox)
                return try await forget(sandbox)
            } catch {
                let pause = backOff.next()
                guard pause < Self.removalPatience else { throw error }
                try await settings.time.sleep(for: pause)
            }
        }
    }

    /// Removes the records and layers of a stopped sandbox.
    func forget(_ sandbox: Sandbox) async throws(RuntimeFailure) {
        let paths = sandbox.paths
        let ids = try await blocking("list the containers of sandbox \(sandbox.id)", .internal) {
            Set(try DirectoryListing.names(at: paths.containers)).union(sandbox.containers.keys)
        }
        do {
            for id in ids { try await removeTree(paths.container(id).layer) }
            FailPoint.reach("container.layers-removed")
            try await removeTree(paths.directory)
            FailPoint.reach("sandbox.removed")
        } catch {
            throw RuntimeFailure(translating: error, during: "remove sandbox \(sandbox.id)", .internal)
        }
        // Only now: until here its processes and files had these ids.
        userNamespaces.release(sandboxID: sandbox.id)
        remove(sandbox)
    }
}
