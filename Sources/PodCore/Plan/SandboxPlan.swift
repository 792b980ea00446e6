package import KubeModel

/// Turns a pod into its sandbox.
package enum SandboxPlan {
    /// The name that the pod's containers see, and the domain that follows it in /etc/hosts.
    package static func hostname(of pod: Pod, nodeName: String, clusterDomain: String) throws(PlanFailure) -> (name: String, domain: String?) {
        if pod.spec.usesHostNetwork { return (nodeName, nil) }
        var name = pod.spec.hostname.flatMap { $0.isEmpty ? nil : $0 } ?? pod.name
        if name.utf8.count > 63 {
            name = String(name.prefix(63))
            while name.hasSuffix("-") || name.hasSuffix(".") { name.removeLast() }
        }
        let domain = pod.spec.subdomain.flatMap { $0.isEmpty ? nil : "\($0).\(pod.namespace).svc.\(clusterDomain)" }
        guard pod.spec.setHostnameAsFQDN == true, let domain else { return (name, domain) }
        let full = "\(name).\(domain)"
        guard full.utf8.count <= 64 else {
            throw PlanFailure(
                "failed to construct FQDN from pod hostname and cluster domain, FQDN \(full) is too long (64 characters is the max, \(full.utf8.count) characters requested)"
            )
        }
        return (full, domain)
    }

    /// Refuses what this node cannot give, rather than running the pod with less protection than it asked for.
    package static func configuration(
        of pod: Pod, id: String, attempt: Int, hostname: String, pidsLimit: Int64?
    ) throws(PlanFailure) -> SandboxConfiguration {
        if pod.spec.hostUsers == false {
            throw PlanFailure("the pod wants a user namespace (hostUsers: false), which this node does not support yet")
        }
        if let name = pod.spec.runtimeClassName, !name.isEmpty {
            throw PlanFailure("RuntimeClass \"\(name)\" is not supported by this node: it has one runtime")
        }
        return SandboxConfiguration(
            id: id, pod: PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid), attempt: attempt, hostname: hostname,
            network: pod.spec.usesHostNetwork ? .node : .pod, ipc: pod.spec.hostIPC == true ? .node : .pod,
            pid: pod.spec.hostPID == true ? .node : pod.spec.shareProcessNamespace == true ? .pod : .container, sysctls: try sysctls(of: pod),
            qosClass: pod.spec.qosClass.rawValue, resources: pod.spec.cgroupResources(pidsLimit: pidsLimit), labels: pod.metadata.labels ?? [:])
    }

    /// The pod's kernel parameters by dotted name, `/` accepted as a separator too.
    private static func sysctls(of pod: Pod) throws(PlanFailure) -> [String: String] {
        var result: [String: String] = [:]
        for sysctl in pod.spec.securityContext?.sysctls ?? [] {
            let name = String(sysctl.name.map { $0 == "/" ? "." : $0 })
            try SysctlRules.check(name, hostNetwork: pod.spec.usesHostNetwork, hostIPC: pod.spec.hostIPC == true)
            result[name] = sysctl.value
        }
        return result
    }
}
