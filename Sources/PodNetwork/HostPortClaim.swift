package import Addresses
package import PodCore
package import ProxyCore

/// The host ports of one sandbox: the frontends that the kernel matches, and their targets.
package struct HostPortClaim: Sendable, Hashable {
    package let pod: PodIdentity
    /// A frontend at an unspecified address is at every address of the node.
    package let targets: [Frontend: Endpoint.Target]

    /// - Throws: `.invalidPort` for text that is not an address, and for one of a family that the pod does not have.
    package init(_ sandbox: SandboxNetwork) throws(NetworkFailure) {
        pod = sandbox.pod
        let addresses = sandbox.addresses.compactMap { IPAddress($0) }
        var targets: [Frontend: Endpoint.Target] = [:]
        for port in sandbox.hostPorts {
            var host: IPAddress?
            if let text = port.hostIP {
                guard let parsed = IPAddress(text) else {
                    throw NetworkFailure(.invalidPort, "host port \(port) of pod \(sandbox.pod): found hostIP \"\(text)\", wanted an IP address")
                }
                host = parsed
            }
            let served = addresses.filter { host == nil || $0.family == host?.family }
            guard !served.isEmpty else {
                throw NetworkFailure(
                    .invalidPort,
                    "host port \(port) of pod \(sandbox.pod) cannot lead to it: the pod has \(sandbox.addresses.joined(separator: ", ")); "
                        + "wanted a hostIP of the same family, or none")
            }
            for address in served {
                let frontend = Frontend(address: host ?? address.family.unspecified, transport: port.transport, port: port.port)
                if targets[frontend] == nil { targets[frontend] = Endpoint.Target(address: address, port: port.target) }
            }
        }
        self.targets = targets
    }

    /// The lowest of this claim's ports that the other one has, too. The scheduler decides by the same rule.
    func collision(with other: HostPortClaim) -> Frontend? {
        targets.keys.filter { mine in other.targets.keys.contains { mine.overlaps($0) } }
            .min { ($0.port, $0.transport.rawValue) < ($1.port, $1.transport.rawValue) }
    }

    /// The UDP flows to clean up once the rules are there, `nil` when there can be none.
    var earlierFlows: StaleFlows? {
        let frontends = Set(udpTargets.keys)
        return frontends.isEmpty ? nil : .untranslated(frontends)
    }

    /// The UDP flows to clean up once the rules are gone, `nil` when there can be none.
    var remainingFlows: StaleFlows? { udpTargets.isEmpty ? nil : .leading(udpTargets) }

    private var udpTargets: [Frontend: Endpoint.Target] { targets.filter { $0.key.transport == .udp } }
}
