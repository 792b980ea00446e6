package import KubeModel

/// The text about a pod that is ended for a shortage.
package struct EvictionMessage: Sendable {
    private let resource: EvictionSignal.Resource
    private let exceeded: [EvictionThreshold]
    private let room: NodeRoom

    /// - Parameter exceeded: the thresholds that are exceeded; the first one is being relieved.
    package init(_ resource: EvictionSignal.Resource, _ exceeded: [EvictionThreshold], _ room: NodeRoom) {
        self.resource = resource
        self.exceeded = exceeded
        self.room = room
    }

    package func text(about pod: Pod, _ usage: PodUsage?) -> String {
        var text = "The node was low on resource: \(resource.rawValue). "
        if let threshold = exceeded.first(where: { $0.signal.resource == resource }), let observed = threshold.signal.amount(in: room) {
            text += "Threshold quantity: \(threshold.value.text(of: observed.capacity)), available: \(available(observed)). "
        }
        guard let usage else { return text }
        if resource == .memory, let request = pod.spec.resources?.requests?["memory"], let memory = usage.memory {
            text += excess("Pod \(pod.name)", GoQuantity.binary(memory), GoQuantity.text(request))
        }
        for container in pod.spec.containers + (pod.spec.initContainers ?? []) {
            guard let used = used(by: container.name, usage) else { continue }
            let request = container.resources?.requests?[resource.rawValue]
            guard used > request?.value ?? 0 else { continue }
            text += excess("Container \(container.name)", GoQuantity.binary(used), request.map(GoQuantity.text) ?? "0")
        }
        return text
    }

    private func excess(_ subject: String, _ used: String, _ request: String) -> String {
        "\(subject) was using \(used), request is \(request), has larger consumption of \(resource.rawValue). "
    }

    /// Process ids and inodes have no figures for single containers.
    private func used(by container: String, _ usage: PodUsage) -> Int64? {
        switch resource {
        case .memory: usage.containerMemory[container]
        case .storage:
            if let layer = usage.disk?.layers[container], let logs = usage.disk?.logs[container] { layer.bytes + logs.bytes } else { nil }
        case .inodes, .processIDs: nil
        }
    }

    private func available(_ observed: NodeRoom.Amount) -> String {
        switch resource {
        case .memory, .storage: GoQuantity.binary(observed.available)
        case .inodes, .processIDs: GoQuantity.decimal(observed.available)
        }
    }
}
