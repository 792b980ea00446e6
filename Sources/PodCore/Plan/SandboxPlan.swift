package import KubeModel

/// Turns a pod into its sandbox's configuration.
package enum SandboxPlan {
    /// Refuses a pod that this node would run with less protection than the pod asks for.
    package static func configuration(
        of pod: Pod, id: String, attempt: Int, hostname: String, resources: ResourceRules, sysctls: SysctlRules
    ) throws(PlanFailure) -> SandboxConfiguration {
        return SandboxConfiguration(
            id: id, pod: PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid), attempt: attempt, hostname: hostname,
            network: pod.spec.usesHostNetwork ? .node : .pod, ipc: pod.spec.hostIPC == true ? .node : .pod,
            pid: pod.spec.hostPID == true ? .node : pod.spec.shareProcessNamespace == true ? .pod : .container,
            user: try user(of: pod), sysctls: try Self.sysctls(of: pod, sysctls), qosClass: pod.spec.qosClass.rawValue,
            resources: pod.spec.cgroupResources(resources), labels: pod.metadata.labels ?? [:],
            hostPorts: try pod.spec.hostPorts())
    }

    /// A user namespace cannot own namespaces that are shared with the node.
    private static func user(of pod: Pod) throws(PlanFailure) -> SandboxConfiguration.NamespaceMode {
        guard pod.spec.hostUsers == false else { return .node }
        let shared = [("hostNetwork", pod.spec.hostNetwork), ("hostPID", pod.spec.hostPID), ("hostIPC", pod.spec.hostIPC)].filter { $0.1 == true }
        if let (field, _) = shared.first {
            throw PlanFailure("\(field): true cannot be combined with hostUsers: false: a user namespace needs the pod's own namespaces")
        }
        return .pod
    }

    /// The pod's kernel parameters by dotted name.
    static func sysctls(of pod: Pod, _ rules: SysctlRules) throws(PlanFailure) -> [String: String] {
        var result: [String: String] = [:]
        for sysctl in pod.spec.securityContext?.sysctls ?? [] {
            let name = try rules.checked(
                sysctl.name, sysctl.value, hostNetwork: pod.spec.usesHostNetwork, hostIPC: pod.spec.hostIPC == true)
            result[name] = sysctl.value
        }
        return result
    }
}
