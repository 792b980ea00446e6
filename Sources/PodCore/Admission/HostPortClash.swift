import KubeModel

/// The ports of the node that a pod needs for itself (`nodeports.Fits`).
struct HostPortClash {
    private struct Use {
        let address: String
        let transport: String
        let port: Int

        func clashes(with other: Use) -> Bool {
            guard port == other.port, transport == other.transport else { return false }
            return address == other.address || address == Self.anyAddress || other.address == Self.anyAddress
        }

        static let anyAddress = "0.0.0.0"
    }

    /// Whether a pod wants a port that another pod has.
    static func exists(_ pod: Pod, _ others: ActivePods) -> Bool {
        let wanted = uses(of: pod.spec)
        guard !wanted.isEmpty else { return false }
        return others.pods.contains { other in
            uses(of: other.spec).contains { use in wanted.contains { $0.clashes(with: use) } }
        }
    }

    /// Ordinary init containers do not count, because they have ended before the pod serves clients. A pod on the node's network listens on its
    /// containers' ports directly, so that they are the node's.
    private static func uses(of spec: PodSpec) -> [Use] {
        let serving = (spec.initContainers ?? []).filter { $0.restartPolicy == .always } + spec.containers
        return serving.flatMap { $0.ports ?? [] }.compactMap { port in
            let number = port.hostPort.flatMap { $0 == 0 ? nil : $0 } ?? (spec.usesHostNetwork ? port.containerPort : 0)
            guard number > 0 else { return nil }
            let address = port.hostIP.flatMap { $0.isEmpty ? nil : $0 } ?? Use.anyAddress
            return Use(address: address, transport: port.protocol.flatMap { $0.isEmpty ? nil : $0 } ?? "TCP", port: number)
        }
    }
}
