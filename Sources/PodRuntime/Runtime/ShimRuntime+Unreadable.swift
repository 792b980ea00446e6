import CLinux
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore

/// Sandboxes without a record that can be read: damaged, or written by a newer agent before a downgrade.
extension ShimRuntime {
    /// Ends such a sandbox by its folder, its shim and its cgroups. No agent could go on with it, and beside it the pod's
    /// next sandbox would be a second one.
    /// - Returns: what its pod has to wait for; `nil` when nothing is left of it.
    /// - Throws: if its processes cannot be determined.
    func end(unreadable paths: SandboxPaths, _ id: String, _ problem: RuntimeFailure) async throws -> RecoveredSandbox? {
        var metadata: Logger.Metadata = ["directory": .string(paths.directory), "problem": .string("\(problem)")]
        // Until it is gone.
        userNamespaces.keep(idsOf: paths)
        guard let sandbox = try await pool.run("look for processes", { [self] in try known(of: id, paths) }) else {
            // Never deleted: nothing shows that it ever was a sandbox.
            logger.error("Sandbox cannot be recovered and has no process; its folder is left alone", metadata: metadata)
            return nil
        }
        guard insert(sandbox) else { return nil }
        logger.error("Sandbox whose record cannot be read is ended", metadata: metadata)
        do {
            try await stop(sandbox)
            try await forget(sandbox)
            return nil
        } catch {
            metadata["error"] = .string("\(error)")
            logger.error("Sandbox cannot be ended yet; its pod waits for that", metadata: metadata)
            // Without a cgroup nothing of it is left but perhaps its shim.
            return sandbox.configuration.pod.uid.isEmpty ? nil : held(sandbox)
        }
    }

    /// Its shim and the cgroup that it is in; `nil` when neither is there. Blocking.
    private func known(of id: String, _ paths: SandboxPaths) throws -> Sandbox? {
        let state = Self.state(at: paths)
        let shim = state.map { ProcessIdentity(pid: $0.shim.pid, startTime: $0.shim.start_time) }
        let ids = Set((try? DirectoryListing.names(at: paths.containers)) ?? []).union([id])
        let cgroup = try PodCgroup.holding(ids, in: settings.cgroups)
        guard cgroup != nil || shim?.exists == true else { return nil }
        let uid = cgroup.map(PodCgroup.podUID) ?? ""
        let configuration = SandboxConfiguration(
            id: id, pod: PodIdentity(namespace: "", name: "", uid: uid), attempt: Self.attemptOfUnknown, hostname: "", qosClass: "")
        let place = try cgroup ?? settings.cgroups.cgroup(PodCgroup.name(of: configuration) + id)
        let sandbox = Sandbox(
            SandboxDocument(configuration: configuration, createdAt: 0, cgroup: place.name), paths: paths, cgroup: place)
        sandbox.takeDirectory()
        sandbox.takeProcesses(state)
        return sandbox
    }

    /// Before any other of the pod.
    private static let attemptOfUnknown = -1
}
