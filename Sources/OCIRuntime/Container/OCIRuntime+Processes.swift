import FoundationEssentials
import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// Operations of the command line beyond the specification: lists, the freezer, new limits.
extension OCIRuntime {
    /// One line of `list`, with the names that other runtimes give its fields.
    struct Listed: Sendable {
        let ociVersion: String
        let id: String
        let pid: Int32
        let status: OCIState.Status
        let bundle: String
        let rootfs: String
        let created: String
        let owner: String
    }

    /// Every container below the root, by id.
    func list() async throws(RuntimeFailure) -> [Listed] {
        let names: [String]
        do throws(SystemError) {
            names = try DirectoryListing.names(at: settings.root + "/sandboxes")
        } catch {
            if error.isNotFound { return [] }
            throw RuntimeFailure(.internal, "the containers cannot be listed: \(error)")
        }
        var found: [Listed] = []
        for name in names {
            guard let container = try OCIContainer.read(in: directory(name)) else { continue }
            let connection = try await connect(name)
            defer { connection?.close() }
            let state = OCIState(container, try await status(container, connection))
            found.append(
                Listed(
                    ociVersion: state.ociVersion, id: state.id, pid: state.pid, status: state.status, bundle: state.bundle,
                    rootfs: container.rootfs ?? "", created: container.created ?? "", owner: "root"))
        }
        return found.sorted { $0.id < $1.id }
    }

    /// The processes of a container's cgroup and those below it.
    func processes(_ id: String) throws(RuntimeFailure) -> [Int32] {
        do {
            return try cgroup(of: existing(id).container).processes().sorted()
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.internal, "\(error)")
        }
    }

    // MARK: Freezer

    func isFrozen(_ container: OCIContainer) -> Bool { (try? cgroup(of: container).isFrozen()) ?? false }

    /// Stops every process of a running container, or lets them go on, and returns when all have followed.
    func freeze(_ id: String, _ freezes: Bool) async throws(RuntimeFailure) {
        let (container, sandboxID) = try existing(id)
        let connection = try await connect(sandboxID)
        defer { connection?.close() }
        let status = try await status(container, connection)
        guard freezes ? status == .running || status == .created : status == .paused else {
            throw RuntimeFailure(
                .notRunning,
                "container \"\(id)\" cannot be \(freezes ? "paused" : "resumed"): it is \(status.rawValue), wanted \(freezes ? "running" : "paused")")
        }
        do {
            let cgroup = try cgroup(of: container)
            try SmallFile.write(freezes ? "1" : "0", to: cgroup.path + "/cgroup.freeze")
            guard try await cgroup.wait(untilFrozen: freezes, timeout: .seconds(10)) else {
                throw RuntimeFailure(
                    .internal, "container \"\(id)\" is not \(freezes ? "frozen" : "thawed") after 10 s: see \(cgroup.path)/cgroup.events")
            }
        } catch {
            throw error as? RuntimeFailure ?? RuntimeFailure(.internal, "container \"\(id)\": \(error)")
        }
    }

    // MARK: Limits

    /// Sets limits of a container; those that are not named stay.
    func update(_ id: String, _ resources: OCISpec.Resources) throws(RuntimeFailure) {
        let container = try existing(id).container
        if !(resources.devices ?? []).isEmpty { throw OCIBundle.unsupported("devices", "what a container may open stays for its life") }
        let cgroup = try cgroup(of: container)
        guard cgroup.exists else { throw RuntimeFailure(.notRunning, "container \"\(id)\" has no cgroup any more") }
        for field in try OCIResources(resources).apply(to: cgroup, tolerant: settings.ignoresMissingControllers) {
            logger.warning("\(field) is not enforced on this host")
        }
    }
}
