/// Resources of sandboxes and containers that run: changing, reading back, measuring. `PodRuntime` conforms, through cgroups.
package protocol ResourceControl: Sendable {
    /// Gives a running container other limits (in-place resize), all of them at once, and remembers them.
    ///
    /// A memory limit below what is in use is refused with `.belowUsage` and both figures, and nothing is changed.
    ///
    /// The order is the caller's: what grows, grows in the sandbox first and then in its containers; what shrinks, shrinks in the
    /// containers first. So the pod's limit is never less than what its containers have been promised.
    /// - Returns: limits that this host cannot enforce, by cgroup file name.
    func update(container containerID: String, inSandbox sandboxID: String, resources: CgroupResources) async throws(RuntimeFailure) -> [String]

    /// The same for the pod as a whole. The CPU request counts towards the weight of its quality-of-service class, too.
    func update(sandbox sandboxID: String, resources: CgroupResources) async throws(RuntimeFailure) -> [String]

    /// The limits that the kernel has for a running container (`status.containerStatuses[].resources`).
    func resources(ofContainer containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources

    /// The limits that the kernel has for the pod (`status.resources`, with overhead).
    func resources(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources

    /// Returns the usage of the pod and of each of its running containers.
    func stats(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> SandboxStats

    /// Returns the usage of all pods together.
    func statsOfAllPods() async throws(RuntimeFailure) -> ResourceStats
}

/// Limits read back from the kernel.
package struct EffectiveResources: Sendable, Hashable {
    /// In the configured figures where the kernel has what they become: it counts CPU and pages more coarsely.
    package let resources: CgroupResources
    /// Configured limits without a file in the kernel, which are not enforced; `resources` repeats them as configured.
    package let notEnforced: [String]

    package init(resources: CgroupResources, notEnforced: [String]) {
        self.resources = resources
        self.notEnforced = notEnforced
    }
}

package struct SandboxStats: Sendable, Hashable {
    package let pod: PodIdentity
    package let total: ResourceStats
    /// By container id.
    package let containers: [String: ResourceStats]

    package init(pod: PodIdentity, total: ResourceStats, containers: [String: ResourceStats]) {
        self.pod = pod
        self.total = total
        self.containers = containers
    }
}
