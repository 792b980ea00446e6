import Addresses
import KubeModel

/// The entries of one Service for keeping: 8 bytes, and 32 with about 50 more for a port with two IPv4 endpoints in one piece of memory.
///
/// Two are equal when their entries are.
struct PackedEntries: Sendable, Equatable {
    private let bytes: [UInt8]

    /// None takes no memory.
    init(_ entries: [ServiceEntry] = []) {
        guard !entries.isEmpty else {
            bytes = []
            return
        }
        var writer = PackedWriter()
        writer.put(count: entries.count)
        for entry in entries { entry.pack(into: &writer) }
        bytes = writer.bytes
    }

    var isEmpty: Bool { bytes.isEmpty }

    /// - Parameter service: the Service that they are of.
    func entries(of service: ObjectKey) -> [ServiceEntry] {
        guard !bytes.isEmpty else { return [] }
        var reader = PackedReader(bytes)
        return (0..<reader.count()).map { _ in ServiceEntry(of: service, from: &reader) }
    }

    /// Bytes of the entries.
    var size: Int { bytes.count }
}

extension ServiceEntry {
    fileprivate func pack(into writer: inout PackedWriter) {
        writer.put(name.port)
        writer.put(byte: name.transport.number)
        writer.put(clusterIP)
        writer.put(UInt128(port), bytes: 2)
        writer.put(nodePort.map { Int($0) })
        writer.put(externalIPs) { $0.put($1) }
        writer.put(loadBalancerIPs) { $0.put($1) }
        writer.put(sourceRanges) { writer, range in
            writer.put(range.address)
            writer.put(byte: UInt8(range.prefixLength))
        }
        writer.put(internalPolicy == .local)
        writer.put(externalPolicy == .local)
        writer.put(affinityTimeout.map { Int($0) })
        writer.put(endpoints) { $0.put($1) }
        writer.put(localEndpoints) { $0.put($1) }
        writer.put(hasEndpoints)
        // In one order, so that equal ones have equal bytes.
        writer.put(servingTargets.sorted { ($0.address, $0.port) < ($1.address, $1.port) }) { $0.put($1) }
    }

    fileprivate init(of service: ObjectKey, from reader: inout PackedReader) {
        let port = reader.text() ?? ""
        let transport = TransportProtocol(number: reader.byte()) ?? .tcp
        let name = ServicePortName(namespace: service.namespace, service: service.name, port: port, transport: transport)
        let (clusterIP, frontPort, nodePort) = (reader.address(), reader.port(), reader.number().map { UInt16($0) })
        let externals = reader.list { $0.address() } ?? []
        let balancers = reader.list { $0.address() } ?? []
        let ranges = reader.list { CIDR($0.address(), prefixLength: Int($0.byte())) }
        let (isInternalLocal, isExternalLocal, timeout) = (reader.flag() == true, reader.flag() == true, reader.number().map { UInt32($0) })
        let endpoints = reader.list { $0.endpoint() } ?? []
        self.init(name: name, clusterIP: clusterIP, port: frontPort, nodePort: nodePort, endpoints: endpoints)
        externalIPs = externals
        loadBalancerIPs = balancers
        sourceRanges = ranges?.compactMap { $0 }
        internalPolicy = isInternalLocal ? .local : .cluster
        externalPolicy = isExternalLocal ? .local : .cluster
        affinityTimeout = timeout
        localEndpoints = reader.list { $0.endpoint() } ?? []
        hasEndpoints = reader.flag() == true
        servingTargets = Set(reader.list { $0.target() } ?? [])
    }
}

extension PackedWriter {
    fileprivate mutating func put(_ address: IPAddress) {
        put(address.isV6)
        put(address.value, bytes: address.family.size)
    }

    fileprivate mutating func put(_ target: Endpoint.Target) {
        put(target.address)
        put(UInt128(target.port), bytes: 2)
    }

    fileprivate mutating func put(_ endpoint: Endpoint) {
        put(endpoint.target)
        put(endpoint.isLocal)
    }
}

extension PackedReader {
    fileprivate mutating func address() -> IPAddress {
        let family: IPAddress.Family = flag() == true ? .v6 : .v4
        return IPAddress(family: family, value: number(bytes: family.size))
    }

    fileprivate mutating func port() -> UInt16 { UInt16(number(bytes: 2)) }

    fileprivate mutating func target() -> Endpoint.Target { Endpoint.Target(address: address(), port: port()) }

    fileprivate mutating func endpoint() -> Endpoint {
        let target = target()
        return Endpoint(address: target.address, port: target.port, isLocal: flag() == true)
    }
}
