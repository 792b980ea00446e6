import Addresses
import Nftables

/// The elements of one family's sets and maps.
struct ServiceElements {
    private let configuration: ProxyConfiguration
    private(set) var elements: [String: [PackedBytes: ElementValue]] = [:]
    /// With the verdicts that lead to them.
    private(set) var pickChains: [PickChain: ElementValue] = [:]
    private(set) var affinityTimeouts: Set<UInt32> = []

    /// Without any element.
    init(configuration: ProxyConfiguration) { self.configuration = configuration }

    /// With the elements that do not depend on Services.
    init(configuration: ProxyConfiguration, family: TableFamily) {
        self.init(configuration: configuration)
        switch configuration.nodePorts {
        case .at(let addresses):
            for address in addresses where address.family == family.addresses && !address.isLoopback {
                put(SetName.nodePortIPs, PackedBytes(address.bytes))
            }
        case .within(let ranges):
            for range in Self.withoutLoopback(ranges, family) {
                put(SetName.nodePortIPs, PackedBytes(range.lowerBound.bytes), .through(PackedBytes(range.upperBound.bytes)))
            }
        }
        put(SetName.podCIDRs, configuration.podCIDRs, family)
        put(SetName.clusterCIDRs, configuration.podCIDRs + configuration.clusterCIDRs, family)
        put(SetName.serviceCIDRs, configuration.serviceCIDRs, family)
    }

    /// Makes room for as many elements of each set.
    mutating func reserve(_ counts: [String: Int]) {
        for (set, count) in counts { elements[set, default: [:]].reserveCapacity(count) }
    }

    mutating func add(_ entry: ServiceEntry) {
        put(SetName.clusterIPs, PackedBytes(entry.clusterIP.bytes))
        for frontend in entry.frontends { add(frontend, of: entry) }
        for endpoint in entry.endpoints where endpoint.isLocal { putHairpin(endpoint) }
        for endpoint in entry.localEndpoints { putHairpin(endpoint) }
        if entry.affinityTimeout != nil {
            for endpoint in entry.endpoints + entry.localEndpoints { putAffine(endpoint, entry.name.transport) }
        }
    }

    private mutating func putAffine(_ endpoint: Endpoint, _ transport: TransportProtocol) {
        let place = Frontend(address: endpoint.address, transport: transport, port: endpoint.target.port)
        put(SetName.affineEndpoints, FrontendMaps.addressed.packed(place))
    }

    private mutating func putHairpin(_ endpoint: Endpoint) {
        put(SetName.hairpin, PackedBytes(endpoint.address.bytes + endpoint.address.bytes))
    }

    private mutating func add(_ frontend: ServiceFrontend, of entry: ServiceEntry) {
        let maps = frontend.kind == .nodePort ? FrontendMaps.nodePorts : .addressed
        let key = maps.packed(frontend.frontend)
        restrict(frontend, key, entry)
        guard entry.hasEndpoints else {
            // A packet to a known ClusterIP that is not translated is refused anyway.
            if frontend.isExternal { put(maps.unserved, key, .verdict(.goto(ChainName.refuse))) }
            return
        }
        let endpoints = entry.endpoints(at: frontend)
        if endpoints.isEmpty { put(maps.unserved, key, .verdict(.drop)) }
        if frontend.isExternal, entry.externalPolicy == .local {
            put(maps.frontends, key, .verdict(.goto(maps.localPolicy)))
            put(maps.shortCircuits, key, pick(maps, entry, entry.endpoints, marking: false, local: false))
            put(maps.endpoints, key, entry.endpoints)
            if !endpoints.isEmpty { put(maps.localFrontends, key, pick(maps, entry, endpoints, marking: false, local: true)) }
            put(maps.localEndpoints, key, endpoints)
        } else if !endpoints.isEmpty {
            put(maps.frontends, key, pick(maps, entry, endpoints, marking: frontend.isExternal, local: false))
            put(maps.endpoints, key, endpoints)
        }
        if let timeout = entry.affinityTimeout {
            affinityTimeouts.insert(timeout)
            put(maps.affine, key, .verdict(.goto(ChainName.remember(timeout))))
        }
    }

    private mutating func pick(_ maps: FrontendMaps, _ entry: ServiceEntry, _ endpoints: [Endpoint], marking: Bool, local: Bool) -> ElementValue {
        let chain = PickChain(
            maps: maps, isMarking: marking, isAffine: entry.affinityTimeout != nil, isLocal: local, count: endpoints.count)
        if let known = pickChains[chain] { return known }
        let verdict = ElementValue.verdict(.goto(chain.name))
        pickChains[chain] = verdict
        return verdict
    }

    /// Source ranges are for clients of the load balancer.
    private mutating func restrict(_ frontend: ServiceFrontend, _ key: PackedBytes, _ entry: ServiceEntry) {
        guard frontend.kind == .loadBalancer, let ranges = entry.sourceRanges else { return }
        put(SetName.restricted, key)
        var admitted = ranges
        // A load balancer's address may be one of the node's own by then: packets that the node sends to it come from that address.
        if configuration.nodeAddresses.contains(where: { address in ranges.contains { $0.contains(address) } }) {
            admitted += entry.loadBalancerIPs.filter { address in !ranges.contains { $0.contains(address) } }.map { CIDR(host: $0) }
        }
        for range in admitted {
            let (first, last) = (key.array + range.first.bytes, key.array + range.last.bytes)
            put(SetName.admitted, PackedBytes(first), .through(PackedBytes(last)))
        }
    }

    private mutating func put(_ map: String, _ key: PackedBytes, _ endpoints: [Endpoint]) {
        let rest = key.array
        for (slot, endpoint) in endpoints.enumerated() {
            var key = PackedBytes()
            key.append(host: UInt32(slot))
            key.append(field: rest)
            put(map, key, .data(endpoint.target.packed))
        }
    }

    private mutating func put(_ set: String, _ key: PackedBytes, _ value: ElementValue = .member) {
        elements[set, default: [:]][key] = value
    }

    /// Ranges of one set must not overlap: a range within another one is left out.
    private mutating func put(_ set: String, _ ranges: [CIDR], _ family: TableFamily) {
        for range in Self.disjoint(ranges, family) { put(set, PackedBytes(range.first.bytes), .through(PackedBytes(range.last.bytes))) }
    }

    private static func disjoint(_ ranges: [CIDR], _ family: TableFamily) -> [CIDR] {
        let own = Set(ranges.filter { $0.family == family.addresses }.map(\.network))
        return own.filter { range in !own.contains { $0 != range && $0.contains(range) } }
    }

    /// NodePorts are not served on loopback addresses.
    private static func withoutLoopback(_ ranges: [CIDR], _ family: TableFamily) -> [ClosedRange<IPAddress>] {
        let first = IPAddress(family: family.addresses, value: family == .ip ? 0x7f00_0000 : 1)
        let last = IPAddress(family: family.addresses, value: family == .ip ? 0x7fff_ffff : 1)
        return disjoint(ranges, family).flatMap { range -> [ClosedRange<IPAddress>] in
            guard range.last >= first, range.first <= last else { return [range.first...range.last] }
            var rest: [ClosedRange<IPAddress>] = []
            if range.first < first { rest.append(range.first...IPAddress(family: first.family, value: first.value - 1)) }
            if range.last > last { rest.append(IPAddress(family: last.family, value: last.value + 1)...range.last) }
            return rest
        }
    }
}
