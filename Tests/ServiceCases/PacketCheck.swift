import Addresses

/// A packet and what has to become of it.
package struct PacketCheck: Sendable, CustomStringConvertible {
    package enum Expectation: Sendable, Hashable {
        /// Each of these is possible, and nothing else.
        case outcomes(Set<PacketOutcome>)
        /// One of several endpoints, and the same one each time.
        case stays
    }

    package let packet: ServicePacket
    package let expectation: Expectation
    /// `pod to clusterIP`
    package let description: String

    /// - Parameters:
    ///   - client: a name or an address.
    ///   - place: a name, or an address with a port, with `/UDP` or `/SCTP` behind it for these.
    ///   - wanted: outcomes with blanks between them, or `stays`.
    init(from client: String, to place: String, _ wanted: String) {
        packet = Self.packet(from: client, to: place)
        expectation = wanted == "stays" ? .stays : .outcomes(Self.outcomes(wanted, packet.destination))
        description = "\(client) to \(place)"
    }

    /// `far` is a pod of another node, `host` another node. Packets of this node's pods come from the bridge swl0.
    private static let clients = [
        "pod": "10.244.0.9", "far": "10.244.1.9", "outside": "192.0.2.50", "host": "192.168.77.12", "node": "192.168.77.11",
        "pod6": "fd44::9", "far6": "fd44:0:0:1::9", "outside6": "2001:db8::50", "node6": "fd77::11",
    ]

    private static let places: [String: (address: String, port: UInt16)] = [
        "clusterIP": ("10.96.0.1", 80), "nodePort": ("192.168.77.11", 30080), "external": ("198.51.100.7", 80), "balancer": ("203.0.113.9", 80),
        "clusterIP6": ("fd96::1", 80), "nodePort6": ("fd77::11", 30080), "external6": ("2001:db8:1::7", 80), "balancer6": ("2001:db8:2::9", 80),
    ]

    private static func packet(from client: String, to place: String) -> ServicePacket {
        let parts = place.split(separator: "/").map(String.init)
        var (address, port) = places[parts[0]] ?? ("", 0)
        if address.isEmpty {
            let colon = parts[0].lastIndex(of: ":")!
            (address, port) = (String(parts[0][..<colon]), UInt16(parts[0][parts[0].index(after: colon)...])!)
        }
        return ServicePacket(
            source: IPAddress(clients[client] ?? client)!, destination: IPAddress(address)!, port: port,
            transport: TransportProtocol(field: parts.count > 1 ? parts[1] : nil)!, isFromNode: client == "node" || client == "node6",
            interface: client == "pod" || client == "pod6" ? "swl0" : "eth0")
    }

    private static func outcomes(_ text: String, _ destination: IPAddress) -> Set<PacketOutcome> {
        Set(
            text.split(separator: " ").map { word in
                switch word {
                case "passed": return .passed
                case "refused": return .refused
                case "dropped": return .dropped
                default: break
                }
                let isMasqueraded = word.hasSuffix("*")
                let target = isMasqueraded ? word.dropLast() : word
                guard let last = Int(target.dropFirst()), target.first == "h" || target.first == "t" else {
                    return .led(to: String(target), masqueraded: isMasqueraded)
                }
                let address = target.first == "h" ? (destination.isV6 ? "fd44::" : "10.244.0.") : (destination.isV6 ? "fd44:0:0:1::" : "10.244.1.")
                return .led(to: "\(IPAddress("\(address)\(last)")!):8080", masqueraded: isMasqueraded)
            })
    }
}
