import KubeModel
import PodCore

extension NodeSettings {
    /// The settings that a configuration gives on this machine. Throws when neither of them gives a name that a node can have.
    package init(_ configuration: AgentConfiguration, host: HostDescription, swiftletVersion: String)
        throws(ConfigurationError)
    {
        let kubelet = configuration.kubelet
        self.init(
            name: try NodeName.resolve(override: configuration.process.hostnameOverride, hostname: host.hostname),
            addresses: configuration.process.nodeIPs, port: kubelet.port,
            labels: configuration.swiftlet.nodeLabels,
            taints: kubelet.registerWithTaints.map { Taint(key: $0.key, value: $0.value.isEmpty ? nil : $0.value, effect: $0.effect.rawValue) },
            registers: kubelet.registerNode, providerID: kubelet.providerID, maxPods: kubelet.maxPods,
            reserved: kubelet.systemReserved.merging(kubelet.kubeReserved) { $0.adding($1) },
            memoryEvictionThreshold: kubelet.evictionHard[.memoryAvailable]?.amount(of: host.memory) ?? 0,
            storageEvictionShare: Self.share(kubelet.evictionHard[.nodeFileSystemAvailable], of: host.ephemeralStorage),
            statusReportFrequency: kubelet.nodeStatusReportFrequency, statusUpdateFrequency: kubelet.nodeStatusUpdateFrequency,
            leaseDuration: .seconds(kubelet.nodeLeaseDurationSeconds), swiftletVersion: swiftletVersion,
            maxImages: kubelet.nodeStatusMaxImages < 0 ? .max : kubelet.nodeStatusMaxImages, podCIDRs: configuration.podCIDRs,
            runtimeHandlers: configuration.swiftlet.runtimeHandlers)
    }

    private static func share(_ threshold: EvictionAmount?, of capacity: Int64) -> Double {
        guard let threshold, capacity > 0 else { return 0 }
        return Double(threshold.amount(of: capacity)) / Double(capacity)
    }
}
