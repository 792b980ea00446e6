import LinuxNetlink
package import PodCore

/// One sandbox's ports of the node, resolved to what the kernel compares and where it sends it.
package struct HostPortClaim: Sendable, Hashable {
    /// What a packet to the node has to have.
    struct Frontend: Sendable, Hashable {
        let family: IPAddress.Family
        /// `nil` is every address of the node.
        let address: IPAddress?
        let transport: HostPort.Transport
        let port: UInt16

        /// A port of whichever address.
        struct Port: Sendable, Hashable {
            let family: IPAddress.Family
            let transport: HostPort.Transport
            let number: UInt16
        }

        var place: Port { Port(family: family, transport: transport, number: port) }

        /// Whether some packet would be for both. The scheduler decides by the same rule.
        func collides(with other: Frontend) -> Bool {
            guard place == other.place else { return false }
            return address == nil || other.address == nil || address == other.address
        }
    }

    struct Target: Sendable, Hashable {
        let address: IPAddress
        let port: UInt16
    }

    let pod: PodIdentity
    let targets: [Frontend: Target]

    /// - Throws: `.invalidPort` for an address that is none, or one of a family that the pod has not.
    package init(_ sandbox: SandboxNetwork) throws(NetworkFailure) {
        pod = sandbox.pod
        let addresses = sandbox.addresses.compactMap { IPAddress($0) }
        var targets: [Frontend: Target] = [:]
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
            // 0.0.0.0 and :: are every address of their family.
            let only = host.flatMap { $0.isUnspecified ? nil : $0 }
            for address in served {
                let frontend = Frontend(family: address.family, address: only, transport: port.transport, port: port.port)
                if targets[frontend] == nil { targets[frontend] = Target(address: address, port: port.target) }
            }
        }
        self.targets = targets
    }

    /// The lowest of this claim's ports that the other one has, too.
    func collision(with other: HostPortClaim) -> Frontend? {
        targets.keys.filter { mine in other.targets.keys.contains { mine.collides(with: $0) } }
            .min { ($0.port, $0.transport.rawValue) < ($1.port, $1.transport.rawValue) }
    }

    /// A UDP flow from before the rules: it was not translated and will not be, for as long as its client keeps sending. One that has been
    /// answered belongs to a program of the node, or to another host.
    func isUntranslated(_ flow: ConntrackFlow) -> Bool {
        guard !flow.isDestinationTranslated, !flow.isAnswered else { return false }
        let frontend = { (address: IPAddress?) in
            Frontend(family: flow.original.destination.family, address: address, transport: .udp, port: flow.original.destinationPort)
        }
        return targets[frontend(nil)] != nil || targets[frontend(flow.original.destination)] != nil
    }

    /// A UDP flow that still leads to the sandbox.
    func isLeading(_ flow: ConntrackFlow) -> Bool {
        flow.isDestinationTranslated
            && targets.contains { frontend, target in
                frontend.transport == .udp && frontend.port == flow.original.destinationPort && target.address == flow.reply.source
                    && target.port == flow.reply.sourcePort
            }
    }

    var hasUDP: Bool { targets.keys.contains { $0.transport == .udp } }
}

extension HostPortClaim.Frontend: CustomStringConvertible {
    var description: String {
        "\(HostPort(hostIP: (address ?? IPAddress(family: family, value: 0)).description, transport: transport, port: port, target: 0))"
    }
}

extension ConntrackFlow {
    /// IPS_SEEN_REPLY
    fileprivate var isAnswered: Bool { status & 1 << 1 != 0 }
}

extension HostPort.Transport {
    /// The IP protocol number.
    var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }
}
