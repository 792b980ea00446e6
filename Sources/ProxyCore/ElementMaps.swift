import Nftables

/// The elements of one family's sets and maps.
struct ElementMaps {
    private(set) var elements: [String: [PackedBytes: ElementValue]] = [:]
    /// The different numbers of endpoints, one chain each.
    private(set) var pickCounts: Set<Int> = []
    private(set) var nodePortPickCounts: Set<Int> = []

    init(configuration: ProxyConfiguration, family: TableFamily) {
        for address in configuration.nodePortAddresses where address.family == family && !address.isLoopback {
            put(SetName.nodePortIPs, PackedBytes(address.bytes))
        }
        put(SetName.podCIDRs, configuration.podCIDRs, family)
        put(SetName.clusterCIDRs, configuration.podCIDRs + configuration.clusterCIDRs, family)
    }

    private mutating func put(_ set: String, _ key: PackedBytes, _ value: ElementValue = .member) {
        elements[set, default: [:]][key] = value
    }

    /// Ranges of one set must not overlap: a prefix within another is left out.
    private mutating func put(_ set: String, _ prefixes: [IPPrefix], _ family: TableFamily) {
        let own = Set(prefixes.filter { $0.family == family })
        for prefix in own where !own.contains(where: { $0 != prefix && $0.contains(prefix) }) {
            put(set, PackedBytes(prefix.first.bytes), .through(PackedBytes(prefix.lastBytes)))
        }
    }

    mutating func add(_ entry: ServiceEntry) {
        put(SetName.clusterIPs, PackedBytes(entry.clusterIP.bytes))
        let count = entry.endpoints.count
        var port = PackedBytes()
        port.append(field: [entry.name.transport.rawValue])
        port.append(bigEndian: entry.port)
        let address = entry.clusterIP.bytes
        let portBytes = port.array

        // A frontend without endpoints is in no map: what reaches a known ClusterIP and is not translated is rejected.
        if count > 0 {
            pickCounts.insert(count)
            put(SetName.serviceFrontends, PackedBytes(address + portBytes), .verdict(.goto(ChainName.pick(count))))
        }
        for (slot, endpoint) in entry.endpoints.enumerated() {
            var key = PackedBytes()
            key.append(host: UInt32(slot))
            key.append(field: address)
            key.append(field: portBytes)
            put(SetName.serviceEndpoints, key, .data(Self.target(endpoint)))
            if endpoint.isLocal {
                put(SetName.hairpin, PackedBytes(endpoint.address.bytes + endpoint.address.bytes))
            }
        }
        if let nodePort = entry.nodePort { add(nodePort, of: entry) }
    }

    private mutating func add(_ nodePort: UInt16, of entry: ServiceEntry) {
        let count = entry.endpoints.count
        var frontend = PackedBytes()
        frontend.append(field: [entry.name.transport.rawValue])
        frontend.append(bigEndian: nodePort)
        guard count > 0 else { return put(SetName.emptyNodePorts, frontend) }
        nodePortPickCounts.insert(count)
        put(SetName.nodePortFrontends, frontend, .verdict(.goto(ChainName.nodePortPick(count))))
        for (slot, endpoint) in entry.endpoints.enumerated() {
            var key = PackedBytes()
            key.append(host: UInt32(slot))
            key.append(field: frontend.array)
            put(SetName.nodePortEndpoints, key, .data(Self.target(endpoint)))
        }
    }

    private static func target(_ endpoint: Endpoint) -> PackedBytes {
        var target = PackedBytes()
        target.append(field: endpoint.address.bytes)
        target.append(bigEndian: endpoint.port)
        return target
    }
}
