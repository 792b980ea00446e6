import Addresses
import KubeModel

/// The endpoints of all slices, by service port and address family.
struct EndpointCatalog {
    private struct Key: Hashable {
        let name: ServicePortName
        let family: IPAddress.Family
    }

    /// The usability of an endpoint.
    private enum Rank: Int {
        case none, serving, ready
    }

    private var ranked: [Key: [Endpoint: Rank]] = [:]

    init(_ slices: [EndpointSlice], nodeName: String) {
        for slice in slices where !ServiceLabels.isIgnored(slice.metadata) { add(slice, nodeName: nodeName) }
    }

    private mutating func add(_ slice: EndpointSlice, nodeName: String) {
        guard let namespace = slice.metadata.namespace, let service = slice.metadata.labels?[ServiceLabels.serviceName] else { return }
        let family: IPAddress.Family
        switch slice.addressType {
        case "IPv4": family = .v4
        case "IPv6": family = .v6
        default: return
        }
        for port in slice.ports ?? [] {
            guard let number = port.port.flatMap({ UInt16(exactly: $0) }), number > 0,
                let transport = TransportProtocol(field: port.protocol)
            else { continue }
            let name = ServicePortName(namespace: namespace, service: service, port: port.name ?? "", transport: transport)
            for endpoint in slice.endpoints ?? [] {
                // All addresses of an endpoint are the same pod's: the first stands for it.
                guard let address = endpoint.addresses.first.flatMap({ IPAddress($0) }), address.family == family else { continue }
                let isLocal = endpoint.nodeName == nodeName
                let rank = Self.rank(endpoint.conditions)
                let value = Endpoint(address: address, port: number, isLocal: isLocal)
                // While endpoints move between slices they are in two of them: the better state counts.
                let known = ranked[Key(name: name, family: family)]?[value] ?? .none
                if rank.rawValue > known.rawValue { ranked[Key(name: name, family: family), default: [:]][value] = rank }
            }
        }
    }

    /// A missing `ready` means yes, a missing `serving` has the value of `ready`, a missing `terminating` means no.
    private static func rank(_ conditions: EndpointSlice.Endpoint.Conditions?) -> Rank {
        let ready = conditions?.ready ?? true
        if ready { return .ready }
        let serving = conditions?.serving ?? ready
        return serving && conditions?.terminating == true ? .serving : .none
    }

    /// The ready endpoints, or those that are terminating but still serve when none is ready; ascending.
    func endpoints(of name: ServicePortName, family: IPAddress.Family) -> [Endpoint] {
        guard let candidates = ranked[Key(name: name, family: family)] else { return [] }
        let best: Rank = candidates.values.contains(.ready) ? .ready : .serving
        return candidates.filter { $0.value == best }.keys.sorted()
    }
}
