package import KubeModel

extension PodSpec {
    /// The node's ports that lead to this pod, in the order of its containers and sidecars. A pod with the node's network has none: its programs
    /// listen on the node themselves. So has an init container that is no sidecar, because it has ended before the pod serves anybody.
    package func hostPorts() throws(PlanFailure) -> [HostPort] {
        guard !usesHostNetwork else { return [] }
        var result: [HostPort] = []
        for container in (initContainers ?? []).filter({ $0.restartPolicy == .always }) + containers {
            for port in container.ports ?? [] {
                if let hostPort = try HostPort(port, container: container.name), !result.contains(hostPort) { result.append(hostPort) }
            }
        }
        return result
    }
}

extension HostPort {
    /// `nil` for a port that the node has no part in.
    fileprivate init?(_ port: ContainerPort, container: String) throws(PlanFailure) {
        guard let wanted = port.hostPort, wanted != 0 else { return nil }
        guard let number = UInt16(exactly: wanted), let target = UInt16(exactly: port.containerPort), target != 0 else {
            throw PlanFailure("container \(container): found hostPort \(wanted) for containerPort \(port.containerPort), wanted 1 to 65535 for both")
        }
        guard let transport = Transport(rawValue: port.protocol ?? "TCP") else {
            throw PlanFailure("container \(container): hostPort \(wanted): found protocol \(port.protocol ?? ""), wanted TCP, UDP or SCTP")
        }
        self.init(hostIP: port.hostIP.flatMap { $0.isEmpty ? nil : $0 }, transport: transport, port: number, target: target)
    }
}
