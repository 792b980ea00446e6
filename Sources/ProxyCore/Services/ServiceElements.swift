import Addresses
import Nftables

/// The elements of one family's sets and maps.
struct ServiceElements {
    private(set) var elements: [String: [PackedBytes: ElementValue]] = [:]
    /// The different numbers of endpoints, one chain each.
    private(set) var pickCounts: Set<Int> = []
    private(set) var nodePortPickCounts: Set<Int> = []

    init(configuration: ProxyConfiguration, family: TableFamily) {
        for address in configuration.nodePortAddresses where address.family == family.addresses && !address.isLoopback {
            put(SetName.nodePortIPs, PackedBytes(address.bytes))
        }
        put(SetName.podCIDRs, configuration.podCIDRs, family)
        put(SetName.clusterCIDRs, configuration.podCIDRs + configuration.clusterCIDRs, family)
    }

    private mutating func put(_ set: String, _ key: PackedBytes, _ value: ElementValue = .member) {
        elements[set, default: [:]][key] = value
    }

    /// Ranges of one set must not overlap: a range within another one is left out.
    private mutating func put(_ set: String, _ ranges: [CIDR], _ family: TableFamily) {
        let own = Set(ranges.filter { $0.family == family.addresses }.map(\.network))
        for range in own where !own.contains(where: { $0 != range && $0.contains(range) }) {
            put(set, PackedBytes(range.first.bytes), .through(PackedBytes(range.last.bytes)))
        }
    }

    mutating func add(_ entry: ServiceEntry) {
        put(SetName.clusterIPs, PackedBytes(entry.clusterIP.bytes))
        let count = entry.endpoints.count
        var port = PackedBytes()
        port.append(field: [entry.name.transport.number])
        port.append(bigEndian: entry.port)
        let address = entry.clusterIP.bytes
        let portBytes = port.array

        // A frontend without endpoints is in no map: a packet to a known ClusterIP that is not translated is rejected.
        if count > 0 {
            pickCounts.insert(count)
            put(SetName.serviceFrontends, PackedBytes(address + portBytes), .verdict(.goto(ChainName.pick(count))))
        }
        for (slot, endpoint) in entry.endpoints.enumerated() {
            var key = PackedBytes()
            key.append(host: UInt32(slot))
            key.append(field: address)
            key.append(field: portBytes)
            put(SetName.serviceEndpoints, key, .data(endpoint.target.packed))
            if endpoint.isLocal {
                put(SetName.hairpin, PackedBytes(endpoint.address.bytes + endpoint.address.bytes))
            }
        }
        if let nodePort = entry.nodePort { add(nodePort, of: entry) }
    }

    private mutating func add(_ nodePort: UInt16, of entry: ServiceEntry) {
        let count = entry.endpoints.count
        var frontend = PackedBytes()
        frontend.append(field: [entry.name.transport.number])
        frontend.append(bigEndian: nodePort)
        guard count > 0 else { return put(SetName.emptyNodePorts, frontend) }
        nodePortPickCounts.insert(count)
        put(SetName.nodePortFrontends, frontend, .verdict(.goto(ChainName.nodePortPick(count))))
        for (slot, endpoint) in entry.endpoints.enumerated() {
            var key = PackedBytes()
            key.append(host: UInt32(slot))
            key.append(field: frontend.array)
            put(SetName.nodePortEndpoints, key, .data(endpoint.target.packed))
        }
    }
}
