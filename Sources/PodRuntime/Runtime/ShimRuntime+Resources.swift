import Glibc
import LinuxCgroups
import LinuxSystem
import Logging
package import PodCore
import Synchronization

extension ShimRuntime: ResourceControl {
    /// Makes the top of the pods' cgroups and limits all pods together (`enforceNodeAllocatable`). Before anything else runs there.
    /// - Returns: limits that this host cannot enforce, by cgroup file name.
    package func limitAllPods(_ resources: CgroupResources) async throws(RuntimeFailure) -> [String] {
        limitsOfAllPods.withLock { $0 = resources }
        return try await blocking("limit all pods", .internal) { [self] in try applyLimitsOfAllPods(resources) }
    }

    private func applyLimitsOfAllPods(_ resources: CgroupResources) throws(CgroupError) -> [String] {
        let tree = settings.cgroups
        if tree.requireControllers { try tree.obtain(.hugetlb) }
        for name in [PodCgroup.burstable, PodCgroup.bestEffort] { try tree.create(name) }
        var limits = CgroupLimits(resources, killsTogether: false)
        var missing: [String] = []
        if try !tree.availableControllers().contains(.hugetlb) {
            // A machine with huge pages still runs pods: only a pod that requests huge pages is refused.
            missing = resources.hugepageLimits.filter { $0.value > 0 }.keys.map { "hugetlb.\($0).max" }.sorted()
            limits.hugepageLimits = nil
        }
        missing += try tree.cgroup(PodCgroup.top).apply(limits)
        balanceLevels()
        return missing
    }

    /// Makes what all pods need of the tree where it is gone: systemd removes the cgroup of a unit that has failed as soon as no process is left
    /// in it, which is as soon as the last pod has ended. Blocking.
    func restoreTree() throws {
        let tree = settings.cgroups
        let shims = try tree.cgroup(PodCgroup.shims)
        guard try !tree.cgroup(PodCgroup.top).exists || !shims.exists else { return }
        try tree.restoreRoot()
        if let limits = limitsOfAllPods.withLock({ $0 }) { _ = try applyLimitsOfAllPods(limits) }
        try Directories.make(shims.path)
    }

    /// Gives the quality-of-service levels the weights of the pods that are there now. Without them pods still run, so a failure is told and
    /// not thrown. Blocking.
    func balanceLevels() {
        do throws(CgroupError) {
            try levels.update { burstableRequests() }
        } catch {
            logger.warning("CPU weights of the quality-of-service levels are not up to date", metadata: ["error": .string("\(error)")])
        }
    }

    /// Millicores of all burstable pods. A pod's sandboxes share its cgroup: it counts once.
    private func burstableRequests() -> Int64 {
        var requests: [String: Int64] = [:]
        for sandbox in knownSandboxes where sandbox.configuration.qosClass == "Burstable" && sandbox.isLive {
            let configuration = sandbox.configuration
            requests[configuration.pod.uid] = max(requests[configuration.pod.uid] ?? 0, configuration.resources.cpuRequest ?? 0)
        }
        return requests.values.reduce(0) { sum, request in
            let (result, overflow) = sum.addingReportingOverflow(request)
            return overflow ? .max : result
        }
    }

    package func update(
        container containerID: String, inSandbox sandboxID: String, resources: CgroupResources
    ) async throws(RuntimeFailure) -> [String] {
        let (sandbox, _) = try running(containerID, inSandbox: sandboxID)
        return try await changing("container \(containerID)") { [self] in
            let missing = try sandbox.cgroup.child(containerID).update(CgroupLimits(resources, killsTogether: true))
            let (_, container) = try running(containerID, inSandbox: sandboxID)
            var configuration = container.configuration
            configuration.resources = resources
            try ContainerDocument(configuration: configuration).write(to: sandbox.paths.container(containerID).document)
            sandbox.setResources(resources, ofContainer: containerID)
            return missing
        }
    }

    package func update(sandbox sandboxID: String, resources: CgroupResources) async throws(RuntimeFailure) -> [String] {
        let sandbox = try sandbox(sandboxID)
        try sandbox.requireRunning("change the resources of sandbox \(sandboxID)")
        return try await changing("sandbox \(sandboxID)") { [self] in
            let missing = try sandbox.cgroup.update(CgroupLimits(resources, killsTogether: false))
            try sandbox.setResources(resources).write(to: sandbox.paths.document)
            balanceLevels()
            return missing
        }
    }

    package func resources(ofContainer containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources {
        let (sandbox, container) = try running(containerID, inSandbox: sandboxID)
        return try await changing("container \(containerID)") {
            try Self.effective(container.configuration.resources, killsTogether: true, sandbox.cgroup.child(containerID))
        }
    }

    package func resources(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources {
        let sandbox = try sandbox(sandboxID)
        return try await changing("sandbox \(sandboxID)") {
            try Self.effective(sandbox.configuration.resources, killsTogether: false, sandbox.cgroup)
        }
    }

    private static func effective(_ wanted: CgroupResources, killsTogether: Bool, _ cgroup: Cgroup) throws(CgroupError) -> EffectiveResources {
        let (limits, missing) = try cgroup.limits(wanted: CgroupLimits(wanted, killsTogether: killsTogether))
        return EffectiveResources(resources: CgroupResources(limits), notEnforced: missing)
    }

    /// Changes or reads the cgroup of a container or sandbox that may end at any moment.
    private func changing<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws(RuntimeFailure) -> T {
        try await blocking("resources of \(what)", .internal) {
            do {
                return try body()
            } catch let error as CgroupError where error.code == .belowUsage {
                throw RuntimeFailure(.belowUsage, "\(what): \(error.detail ?? error.description)")
            } catch let error as CgroupError where error.cause?.isNotFound == true || error.cause?.is(ENODEV) == true {
                throw RuntimeFailure(.notRunning, "\(what) has ended: \(error)")
            }
        }
    }
}
