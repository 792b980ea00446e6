import Addresses
package import KubeModel

extension PodSpec {
    /// The node's ports that lead to this pod, in the order of its containers and sidecars. A pod on the node's network has none: its programs
    /// listen on the node themselves. Ports of ordinary init containers do not count, because they have ended before the pod serves clients.
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
    /// `nil` for a port without a port of the node.
    fileprivate init?(_ port: ContainerPort, container: String) throws(PlanFailure) {
        guard let wanted = port.hostPort, wanted != 0 else { return nil }
        guard let number = UInt16(exactly: wanted), let target = UInt16(exactly: port.containerPort), target != 0 else {
            throw PlanFailure("container \(container): found hostPort \(wanted) for containerPort \(port.containerPort), wanted 1 to 65535 for both")
        }
        guard let transport = TransportProtocol(rawValue: port.protocol ?? "TCP") else {
            throw PlanFailure("container \(container): hostPort \(wanted): found protocol \(port.protocol ?? ""), wanted TCP, UDP or SCTP")
        }
        self.init(hostIP: port.hostIP.flatMap { $0.isEmpty ? nil : $0 }, transport: transport, port: number, target: target)
    }
}
