import Addresses
import KubeModel

/// The endpoints of slices, by service port and address family.
struct EndpointCatalog {
    private struct Key: Hashable {
        let name: ServicePortName
        let family: IPAddress.Family
    }

    private var candidates: [Key: [Endpoint.Target: EndpointTraits]] = [:]
    /// Endpoints that get no traffic, and why.
    private(set) var problems: [String] = []

    init(_ slices: [EndpointSlice], nodeName: String, zone: String? = nil) {
        for slice in slices where !ServiceLabels.isIgnored(slice.metadata) { add(slice, nodeName: nodeName, zone: zone) }
    }

    private mutating func add(_ slice: EndpointSlice, nodeName: String, zone: String?) {
        guard let namespace = slice.metadata.namespace, let service = slice.metadata.labels?[ServiceLabels.serviceName] else { return }
        let family: IPAddress.Family
        switch slice.addressType {
        case "IPv4": family = .v4
        case "IPv6": family = .v6
        default: return
        }
        let endpoints = (slice.endpoints ?? []).compactMap { endpoint -> (IPAddress, EndpointTraits)? in
            // All addresses of an endpoint are the same pod's: the first stands for it.
            guard let address = endpoint.addresses.first.flatMap({ IPAddress($0) }), address.family == family else { return nil }
            if let reason = address.reasonNotToServe {
                problems.append("endpoint \(address) of slice \(slice.metadata.name ?? "") gets no traffic: \(reason)")
                return nil
            }
            return (address, EndpointTraits(endpoint, nodeName: nodeName, zone: zone))
        }
        for port in slice.ports ?? [] {
            guard let number = port.port.flatMap({ UInt16(exactly: $0) }), number > 0,
                let transport = TransportProtocol(field: port.protocol)
            else { continue }
            let key = Key(name: ServicePortName(namespace: namespace, service: service, port: port.name ?? "", transport: transport), family: family)
            for (address, traits) in endpoints {
                // An address and port in several entries is one endpoint with the best of them: it is in two slices while it moves between them.
                candidates[key, default: [:]][Endpoint.Target(address: address, port: number), default: []].formUnion(traits)
            }
        }
    }

    func choice(of name: ServicePortName, family: IPAddress.Family, wantsLocal: Bool) -> EndpointChoice {
        guard let found = candidates[Key(name: name, family: family)] else { return EndpointChoice() }
        return EndpointChoice(found, wantsLocal: wantsLocal, wantsServing: name.transport != .tcp)
    }

    /// The ready endpoints on this node, by address.
    func localReadyAddresses(of name: ServicePortName, family: IPAddress.Family) -> [IPAddress] {
        (candidates[Key(name: name, family: family)] ?? [:]).filter { $0.value.isSuperset(of: [.local, .ready]) }.map(\.key.address)
    }
}

extension IPAddress {
    /// Why Services lead no packets to the address, for a person; `nil` when they may. Packets to such an address could reach something of the
    /// node or of the link itself on behalf of a client that may not.
    var reasonNotToServe: String? {
        if isUnspecified { return "it is the unspecified address" }
        if isLoopback { return "it is a loopback address" }
        if isLinkLocal { return "it is a link-local address" }
        if isMulticast { return "it is a multicast address" }
        return nil
    }
}
