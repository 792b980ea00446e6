import Addresses
import KubeModel
import ProxyCore
import ServiceCases

/// The addresses that cases speak of, and the machines that have them.
struct PacketAddresses: Sendable {
    private let nodeLinks = [CIDR("192.168.77.0/24")!, CIDR("fd77::/64")!]
    private let sources: Set<IPAddress>
    private let endpoints: Set<IPAddress>
    let all: Set<IPAddress>
    /// Where packets arrive, translated or not.
    let tcpPorts: Set<UInt16>
    let udpTargets: Set<SocketAddress>
    let sctpAddresses: Set<IPAddress>
    /// Of all protocols.
    let ports: Set<UInt16>

    init(_ cases: [ServiceCase]) {
        let packets = cases.flatMap { $0.checks.map(\.packet) }.filter(Self.canSend)
        sources = Set(packets.map(\.source))
        var endpoints: Set<IPAddress> = []
        var targets: [TransportProtocol: Set<SocketAddress>] = [:]
        for packet in packets { targets[packet.transport, default: []].insert(.init(address: packet.destination, port: packet.port)) }
        for slice in cases.flatMap(\.slices) {
            let addresses = (slice.endpoints ?? []).flatMap(\.addresses).compactMap { IPAddress($0) }
                .filter { address in ServiceCase.configuration.clusterCIDRs.contains { $0.contains(address) } }
            endpoints.formUnion(addresses)
            for port in slice.ports ?? [] {
                guard let transport = TransportProtocol(field: port.protocol), let number = port.port.flatMap({ UInt16(exactly: $0) }) else {
                    continue
                }
                for address in addresses { targets[transport, default: []].insert(.init(address: address, port: number)) }
            }
        }
        self.endpoints = endpoints
        all = sources.union(packets.map(\.destination)).union(endpoints)
        tcpPorts = Set((targets[.tcp] ?? []).map(\.port))
        udpTargets = targets[.udp] ?? []
        ports = Set(targets.values.flatMap { $0.map(\.port) })
        sctpAddresses = Set((targets[.sctp] ?? []).map(\.address))
    }

    /// A packet to a loopback address never leaves the machine of another client.
    static func canSend(_ packet: ServicePacket) -> Bool { !packet.destination.isLoopback || packet.source.isLoopback }

    func place(of address: IPAddress) -> PacketPlace {
        let configuration = ServiceCase.configuration
        if address.isLoopback || configuration.nodeAddresses.contains(address) { return .node }
        if configuration.podCIDRs.contains(where: { $0.contains(address) }) { return .pod(address.bytes.last!) }
        if nodeLinks.contains(where: { $0.contains(address) }) { return .otherNode }
        if endpoints.contains(address) { return .otherPods }
        return sources.contains(address) ? .clients : .world
    }
}
