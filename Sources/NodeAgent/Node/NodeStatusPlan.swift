package import KubeModel
package import PodCore

/// Builds the Node object and its status from facts and settings.
package struct NodeStatusPlan: Sendable {
    package let settings: NodeSettings
    package let host: HostDescription
    /// Why the node is not ready, `nil` for a ready node.
    package let problem: String?
    package let images: [ImageDescription]
    /// Version-skew rules read it.
    package let kubernetesVersion: KubernetesVersion
    package let pressures: NodePressures

    package init(
        settings: NodeSettings, host: HostDescription, problem: String?, images: [ImageDescription],
        kubernetesVersion: KubernetesVersion = .newest, pressures: NodePressures = NodePressures()
    ) {
        self.settings = settings
        self.host = host
        self.problem = problem
        self.images = images
        self.kubernetesVersion = kubernetesVersion
        self.pressures = pressures
    }

    /// Of a new node object.
    package var labels: [String: String] { settings.labels.merging(ownLabels) { $1 } }

    /// The labels that the node object always has.
    package var ownLabels: [String: String] {
        [
            "kubernetes.io/hostname": settings.name, "kubernetes.io/os": "linux", "kubernetes.io/arch": host.architecture,
            "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": host.architecture,
        ]
    }

    /// The annotations that the node object always has. Volumes are attached by the controller manager, not by this node.
    package var ownAnnotations: [String: String] { ["volumes.kubernetes.io/controller-managed-attach-detach": "true"] }

    /// The addresses to report as InternalIP. An agent that has just started on a machine without any way out takes those that an earlier one has
    /// reported, if the machine still has them.
    package func addresses(existing: NodeStatus?) -> [String] {
        if !host.addresses.isEmpty { return settings.addresses(of: host.addresses) }
        return settings.addresses(of: (existing?.internalIPs ?? []).filter(host.presentAddresses.contains))
    }

    /// The object to register.
    package func node(at now: Timestamp) -> Node {
        var spec = Node.Spec()
        spec.providerID = settings.providerID
        spec.taints = settings.taints.isEmpty ? nil : settings.taints
        let metadata = ObjectMeta(name: settings.name, labels: labels, annotations: ownAnnotations)
        return Node(metadata: metadata, spec: spec, status: status(existing: nil, at: now))
    }

    /// The status to report. Extended resources in the existing capacity, from device plugins and the like, are kept and made allocatable.
    package func status(existing: NodeStatus?, at now: Timestamp) -> NodeStatus {
        var status = NodeStatus()
        var capacity = ownCapacity
        for (name, quantity) in existing?.capacity ?? [:] where capacity[name] == nil && name.contains("/") { capacity[name] = quantity }
        status.capacity = capacity
        status.allocatable = allocatable(from: capacity)
        status.conditions = conditions(existing: existing?.conditions ?? [], at: now)
        status.addresses =
            addresses(existing: existing).map { NodeAddress(type: "InternalIP", address: $0) } + [
                NodeAddress(type: "Hostname", address: settings.name)
            ]
        status.daemonEndpoints = DaemonEndpoints(port: settings.port)
        status.nodeInfo = NodeSystemInfo(
            machineID: host.machineID, systemUUID: host.systemUUID, bootID: host.bootID, kernelVersion: host.kernelVersion, osImage: host.osImage,
            containerRuntimeVersion: "swiftlet://\(settings.swiftletVersion)", kubeletVersion: kubernetesVersion.description,
            operatingSystem: "linux", architecture: host.architecture, swap: host.swap)
        status.images = imageList
        let features = RuntimeHandler.Features(recursiveReadOnlyMounts: true, userNamespaces: host.supportsUserNamespaces)
        status.runtimeHandlers = ([""] + settings.runtimeHandlers).map { RuntimeHandler(name: $0, features: features) }
        status.features = NodeFeatures(supplementalGroupsPolicy: true)
        status.declaredFeatures = DeclaredFeatures.all
        return status
    }

    private var ownCapacity: [String: Quantity] {
        var capacity = [
            "cpu": Quantity(Int64(host.processors)), "memory": Quantity(kibibytes: host.memory), "pods": Quantity(Int64(settings.maxPods)),
            "ephemeral-storage": Quantity(kibibytes: host.ephemeralStorage),
        ]
        for (size, bytes) in host.hugepages { capacity["hugepages-\(size)"] = Quantity(bytes: bytes) }
        return capacity
    }

    private func allocatable(from capacity: [String: Quantity]) -> [String: Quantity] {
        var allocatable = capacity
        for (size, bytes) in host.hugepages {
            let name = "hugepages-\(size)"
            allocatable[name] = Quantity(bytes: max(0, bytes - (settings.reserved[name]?.value ?? 0)))
        }
        // Memory in huge pages is no longer to be had as memory, whether or not pods may use the pages.
        let hugepages = host.hugepages.values.reduce(0, +)
        let memory = host.memory - (settings.reserved["memory"]?.value ?? 0) - settings.memoryEvictionThreshold - hugepages
        allocatable["memory"] = Quantity(kibibytes: max(memory, 0))
        let cpu = Int64(host.processors) * 1000 - (settings.reserved["cpu"]?.milliValue ?? 0)
        allocatable["cpu"] = Quantity(milli: max(cpu, 0))
        let evicted = Int64(Double(host.ephemeralStorage) * settings.storageEvictionShare)
        let storage = host.ephemeralStorage - (settings.reserved["ephemeral-storage"]?.value ?? 0) - evicted
        allocatable["ephemeral-storage"] = Quantity(max(storage, 0))
        return allocatable
    }

    /// Largest first; at most five names each (kubelet's `maxNamesPerImageInNodeStatus`).
    private var imageList: [ContainerImage] {
        images.sorted { ($0.size, $1.id) > ($1.size, $0.id) }.prefix(settings.maxImages).map { image in
            ContainerImage(names: Array((image.repoDigests + image.names).prefix(5)), sizeBytes: image.size)
        }
    }

    private func conditions(existing: [NodeCondition], at now: Timestamp) -> [NodeCondition] {
        var conditions = NodePressure.allCases.map { NodeCondition($0, pressures[$0]) }
        if let problem {
            conditions.append(NodeCondition(type: "Ready", status: false, reason: "KubeletNotReady", message: problem))
        } else {
            conditions.append(NodeCondition(type: "Ready", status: true, reason: "KubeletReady", message: "kubelet is posting ready status"))
        }
        for index in conditions.indices {
            let before = existing.first { $0.type == conditions[index].type }
            conditions[index].lastHeartbeatTime = now.wholeSeconds
            let isSame = before?.status == conditions[index].status
            conditions[index].lastTransitionTime = (isSame ? before?.lastTransitionTime : nil) ?? now.wholeSeconds
        }
        return conditions
    }
}

extension NodeStatus {
    /// Whether another writer has changed one of this node's own conditions.
    func isContradicted(by stored: NodeStatus?) -> Bool {
        (conditions ?? []).contains { own in stored?.conditions?.first { $0.type == own.type }.map { $0.status != own.status } ?? false }
    }

    /// Whether the statuses are equal apart from heartbeats. A different status is written before its turn.
    func isEquivalent(to other: NodeStatus) -> Bool {
        var mine = self
        var theirs = other
        for index in mine.conditions?.indices ?? 0..<0 { mine.conditions?[index].lastHeartbeatTime = nil }
        for index in theirs.conditions?.indices ?? 0..<0 { theirs.conditions?[index].lastHeartbeatTime = nil }
        return mine == theirs
    }
}
