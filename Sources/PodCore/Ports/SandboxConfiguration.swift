/// The configuration of a sandbox, decided from the pod. Also the sandbox's record on disk.
package struct SandboxConfiguration: Sendable, Hashable, Codable {
    /// How far a namespace is shared.
    package enum NamespaceMode: String, Sendable, Hashable, Codable {
        /// Shared by the pod's containers.
        case pod
        /// One for each container (PID only).
        case container
        /// The node's own.
        case node
    }

    /// Users, and groups, of a pod with a user namespace: 0 and up.
    package static let idsPerUserNamespace: UInt32 = 65536

    /// 64 lower-case hexadecimal digits.
    package let id: String
    package let pod: PodIdentity
    /// Counts the sandboxes of this pod, from 0.
    package let attempt: Int
    package var hostname: String
    package var network: NamespaceMode
    package var ipc: NamespaceMode
    package var pid: NamespaceMode
    /// `.pod` gives the pod ids of its own. `nil`, in a record of an agent that knew no user namespaces, is the node's.
    package var user: NamespaceMode?
    /// Namespaced kernel parameters by dotted name; a slash in it stands for a dot inside a part.
    package var sysctls: [String: String]
    package var qosClass: String
    /// Limits of the pod's cgroup, the sum of its containers'.
    package var resources: CgroupResources
    package var labels: [String: String]
    /// Ports of the node that lead to the pod. `nil` in records of agents that forwarded none.
    package var hostPorts: [HostPort]?

    package init(
        id: String, pod: PodIdentity, attempt: Int, hostname: String, network: NamespaceMode = .pod, ipc: NamespaceMode = .pod,
        pid: NamespaceMode = .container, user: NamespaceMode = .node, sysctls: [String: String] = [:], qosClass: String,
        resources: CgroupResources = CgroupResources(),
        labels: [String: String] = [:], hostPorts: [HostPort] = []
    ) {
        self.id = id
        self.pod = pod
        self.attempt = attempt
        self.hostname = hostname
        self.network = network
        self.ipc = ipc
        self.pid = pid
        self.user = user
        self.sysctls = sysctls
        self.qosClass = qosClass
        self.resources = resources
        self.labels = labels
        self.hostPorts = hostPorts
    }
}

/// Limits of one cgroup in Kubernetes' units; absent means unlimited.
package struct CgroupResources: Sendable, Hashable, Codable {
    /// Requested CPU in millicores: becomes `cpu.weight`.
    package var cpuRequest: Int64?
    /// CPU limit in millicores: becomes `cpu.max`.
    package var cpuLimit: Int64?
    /// Bytes: becomes `memory.max`.
    package var memoryLimit: Int64?
    /// Bytes: becomes `memory.swap.max`; 0 forbids swap.
    package var swapLimit: Int64?
    package var pidsLimit: Int64?
    /// Bytes by page size, as in `hugetlb.2MB.max`. Other sizes get none.
    package var hugepageLimits: [String: Int64]
    /// Microseconds of the CPU limit's period. Absent in records of earlier agents: 100 ms.
    package var cpuPeriod: Int64?
    /// The OOM killer takes all processes together. Absent in records of earlier agents: for containers, not for pods.
    package var killsTogether: Bool?

    package init(
        cpuRequest: Int64? = nil, cpuLimit: Int64? = nil, memoryLimit: Int64? = nil, swapLimit: Int64? = nil, pidsLimit: Int64? = nil,
        hugepageLimits: [String: Int64] = [:], cpuPeriod: Int64? = nil, killsTogether: Bool? = nil
    ) {
        self.cpuRequest = cpuRequest
        self.cpuLimit = cpuLimit
        self.memoryLimit = memoryLimit
        self.swapLimit = swapLimit
        self.pidsLimit = pidsLimit
        self.hugepageLimits = hugepageLimits
        self.cpuPeriod = cpuPeriod
        self.killsTogether = killsTogether
    }
}
