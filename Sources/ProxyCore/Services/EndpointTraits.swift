import KubeModel

/// All that decides whether an endpoint gets traffic.
struct EndpointTraits: OptionSet, Hashable {
    let rawValue: UInt8

    static let local = EndpointTraits(rawValue: 1)
    static let ready = EndpointTraits(rawValue: 2)
    /// Serves, although it is terminating.
    static let leaving = EndpointTraits(rawValue: 4)
    static let serving = EndpointTraits(rawValue: 8)
    /// Meant for the clients of some nodes, and of this one.
    static let hasNodeHints = EndpointTraits(rawValue: 16)
    static let hintedToNode = EndpointTraits(rawValue: 32)
    /// Meant for the clients of some zones, and of this node's.
    static let hasZoneHints = EndpointTraits(rawValue: 64)
    static let hintedToZone = EndpointTraits(rawValue: 128)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    /// A missing `ready` means yes, and so does a missing `serving`; a missing `terminating` means no.
    init(_ endpoint: EndpointSlice.Endpoint, nodeName: String, zone: String?) {
        var traits: EndpointTraits = endpoint.nodeName == nodeName ? .local : []
        let conditions = endpoint.conditions
        let isReady = conditions?.ready ?? true
        let isServing = conditions?.serving ?? true
        if isReady { traits.insert(.ready) }
        if isServing { traits.insert(.serving) }
        if isServing, conditions?.terminating == true { traits.insert(.leaving) }
        if let nodes = endpoint.hints?.forNodes, !nodes.isEmpty {
            traits.insert(.hasNodeHints)
            if nodes.contains(where: { $0.name == nodeName }) { traits.insert(.hintedToNode) }
        }
        if let zones = endpoint.hints?.forZones, !zones.isEmpty {
            traits.insert(.hasZoneHints)
            if let zone, zones.contains(where: { $0.name == zone }) { traits.insert(.hintedToZone) }
        }
        self = traits
    }
}
