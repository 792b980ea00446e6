import PodCore

extension AgentPorts: ResourceControl {
    func update(
        container containerID: String, inSandbox sandboxID: String, resources: CgroupResources
    ) async throws(RuntimeFailure) -> [String] {
        try await call("update \(containerID)", failure: RuntimeFailure(.internal, "no answer")) { (_: inout NodeState) throws(RuntimeFailure) in }
        return []
    }

    func update(sandbox sandboxID: String, resources: CgroupResources) async throws(RuntimeFailure) -> [String] {
        try await call("update \(sandboxID)", failure: RuntimeFailure(.internal, "no answer")) { (_: inout NodeState) throws(RuntimeFailure) in }
        return []
    }

    func resources(ofContainer containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources {
        EffectiveResources(resources: CgroupResources(), notEnforced: [])
    }

    func resources(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> EffectiveResources {
        EffectiveResources(resources: CgroupResources(), notEnforced: [])
    }

    func stats(ofSandbox sandboxID: String) async throws(RuntimeFailure) -> SandboxStats { throw RuntimeFailure(.internal, "not here") }
    func statsOfAllPods() async throws(RuntimeFailure) -> ResourceStats { throw RuntimeFailure(.internal, "not here") }
}
