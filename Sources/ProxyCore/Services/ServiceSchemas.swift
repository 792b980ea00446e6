import Nftables

/// The declarations of the sets and maps, which do not depend on Services.
struct ServiceSchemas {
    let configuration: ProxyConfiguration
    let family: TableFamily

    private var address: DataType { family.addressType }

    var base: [SetSchema] {
        [
            SetSchema(name: SetName.clusterIPs, key: .types([address]), comment: "ClusterIPs of all services"),
            SetSchema(
                name: SetName.nodePortIPs, key: .types([address]), isInterval: configuration.nodePorts.areRanges,
                comment: "addresses of this node that accept NodePort traffic"),
            SetSchema(name: SetName.clusterCIDRs, key: .types([address]), isInterval: true, comment: "pods of the cluster"),
            SetSchema(name: SetName.podCIDRs, key: .types([address]), isInterval: true, comment: "pods of this node"),
            SetSchema(name: SetName.serviceCIDRs, key: .types([address]), isInterval: true, comment: "addresses that ClusterIPs are taken from"),
            SetSchema(name: SetName.hairpin, key: .types([address, address]), comment: "pods of this node that may reach themselves"),
        ] + FrontendMaps.allCases.flatMap(lookup)
    }

    private func lookup(_ maps: FrontendMaps) -> [SetSchema] {
        [
            SetSchema(name: maps.frontends, key: key(maps), value: .verdict, comment: maps.keyText),
            endpoints(maps.endpoints, maps),
            SetSchema(name: maps.unserved, key: key(maps), value: .verdict, comment: "no endpoint for a client from anywhere, or from outside"),
        ]
    }

    func localPolicy(_ maps: FrontendMaps) -> [SetSchema] {
        [
            SetSchema(name: maps.shortCircuits, key: key(maps), value: .verdict, comment: "policy Local, clients of the cluster"),
            SetSchema(name: maps.localFrontends, key: key(maps), value: .verdict, comment: "policy Local, all other clients"),
            endpoints(maps.localEndpoints, maps),
        ]
    }

    var affinity: [SetSchema] {
        [AffinityRules.schema(family), AffinityRules.endpointsSchema(family)]
            + FrontendMaps.allCases.map { SetSchema(name: $0.affine, key: key($0), value: .verdict, comment: "clients stay with an endpoint") }
    }

    var admission: [SetSchema] {
        [
            SetSchema(name: SetName.restricted, key: key(.addressed), comment: "addresses of load balancers with source ranges"),
            SetSchema(
                name: SetName.admitted, key: .types([address, .protocolNumber, .port, address]), isInterval: true,
                comment: "address . protocol . port . client"),
        ]
    }

    private func key(_ maps: FrontendMaps) -> FieldList { .types(maps.key.map { $0.type(in: family) }) }

    /// nft has no type keyword for a drawn number, hence `typeof`; the modulus in it says nothing about the elements. The
    /// value is `th dport`, not `tcp dport`, which would make nft limit the rules to TCP when it loads its own listing.
    private func endpoints(_ name: String, _ maps: FrontendMaps) -> SetSchema {
        SetSchema(
            name: name, key: .typeOf([.random(modulus: 2)] + maps.key), value: .data(.typeOf([.destinationAddress, .destinationPort])),
            comment: "slot . \(maps.keyText)")
    }
}
