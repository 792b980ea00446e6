import Nftables

/// The chains, whose number depends on the features in use, never on how many Services use them.
struct ServiceRules {
    let configuration: ProxyConfiguration

    private var isNodePortAddress: [Statement] {
        let isListed = Statement.inSet([.destinationAddress], SetName.nodePortIPs)
        // Ranges may have addresses of other hosts in them.
        return configuration.nodePorts.areRanges ? [isListed, .equals(.destinationAddressKind, AddressKind.local.packed)] : [isListed]
    }

    var base: [Chain] {
        [
            Chain(
                ChainName.natPrerouting, hook: Hook(.nat, .prerouting, priority: Hook.destinationNAT),
                rules: [Rule(.verdict(.jump(ChainName.services)))]),
            Chain(
                ChainName.natOutput, hook: Hook(.nat, .output, priority: Hook.destinationNAT),
                rules: [Rule(.verdict(.jump(ChainName.services)))]),
            Chain(
                ChainName.services,
                rules: marking + [
                    Rule(.verdictMap(FrontendMaps.addressed.key, FrontendMaps.addressed.frontends)),
                    Rule(isNodePortAddress + [.verdictMap(FrontendMaps.nodePorts.key, FrontendMaps.nodePorts.frontends)]),
                ]),
            Chain(
                ChainName.natPostrouting, hook: Hook(.nat, .postrouting, priority: Hook.sourceNAT), rules: masquerading),
            // Behind the destination NAT: a packet that still has a service's address as its destination was not translated. Before
            // routing, so that a node without a route to service addresses refuses them too.
            Chain(
                ChainName.filterPrerouting, hook: Hook(.filter, .prerouting, priority: Hook.filter),
                rules: [Rule(.anyBit(.connectionState, ConnectionState.new), .verdict(.jump(ChainName.unservable)))]),
            Chain(
                ChainName.filterOutput, hook: Hook(.filter, .output, priority: Hook.filter),
                rules: [Rule(.anyBit(.connectionState, ConnectionState.new), .verdict(.jump(ChainName.unservable)))]),
            Chain(
                ChainName.unservable,
                rules: [
                    Rule(.verdictMap(FrontendMaps.addressed.key, FrontendMaps.addressed.unserved)),
                    Rule(
                        .inSet([.destinationAddress], SetName.clusterIPs), .verdict(.goto(ChainName.refuse)), comment: "no endpoints, or no such port"
                    ),
                    Rule(isNodePortAddress + [.verdictMap(FrontendMaps.nodePorts.key, FrontendMaps.nodePorts.unserved)]),
                    // A client that learns of a Service before this node does tries again.
                    Rule(.inSet([.destinationAddress], SetName.serviceCIDRs), .verdict(.drop), comment: "no such service"),
                ]),
            // The kernel limits how many ICMP messages it sends, but not resets.
            Chain(ChainName.refuse, rules: [Rule(.resetConnection), Rule(.reject)]),
        ]
    }

    /// For external traffic to frontends with policy `Local`. Clients of the cluster, and the node itself, reach all endpoints.
    func localPolicy(_ maps: FrontendMaps) -> Chain {
        let isOwn = Statement.equals(.sourceAddressKind, AddressKind.local.packed)
        return Chain(
            maps.localPolicy,
            rules: (configuration.localTraffic.condition().map { [Rule($0, .verdictMap(maps.key, maps.shortCircuits))] } ?? []) + [
                // The frontend may be one of the node's own addresses, which other hosts could not answer to.
                Rule(isOwn, .setMark(configuration.masqueradeMark)),
                Rule(isOwn, .verdictMap(maps.key, maps.shortCircuits)),
                Rule(.verdictMap(maps.key, maps.localFrontends)),
            ])
    }

    /// For the addresses of load balancers with source ranges, before the destination is translated.
    var admission: [Chain] {
        let key = FrontendMaps.addressed.key
        let hooks = [(ChainName.admissionPrerouting, Hook.Point.prerouting), (ChainName.admissionOutput, .output)]
        return hooks.map { name, point in
            Chain(
                name, hook: Hook(.filter, point, priority: Hook.destinationNAT - 10),
                rules: [Rule(.anyBit(.connectionState, ConnectionState.new), .verdict(.jump(ChainName.admission)))])
        } + [
            Chain(
                ChainName.admission,
                rules: [
                    Rule(
                        .inSet(key, SetName.restricted), .inSet(key + [.sourceAddress], SetName.admitted, inverted: true), .verdict(.drop))
                ])
        ]
    }

    private static let fromOutside = "to ClusterIPs from outside the pod network"

    /// In front of the translation, where the interface is known from which a packet comes.
    private var marking: [Rule] {
        guard configuration.localTraffic.isByInterface, !configuration.masqueradesAll,
            let isFromOutside = configuration.localTraffic.condition(inverted: true)
        else { return [] }
        return [
            Rule(
                .inSet([.destinationAddress], SetName.clusterIPs), isFromOutside,
                .setMark(configuration.masqueradeMark), comment: Self.fromOutside)
        ]
    }

    private var masquerading: [Rule] {
        let translated = Statement.anyBit(.connectionStatus, ConnectionStatus.destinationTranslated)
        let toClusterIP = Statement.inSet([.originalDestinationAddress], SetName.clusterIPs)
        var rules = [
            Rule(
                translated, .inSet([.sourceAddress, .destinationAddress], SetName.hairpin), .masquerade(fullyRandom: true),
                comment: "a pod that reaches itself answers through the node"),
            Rule(translated, .anyBit(.mark, configuration.masqueradeMark), .masquerade(fullyRandom: true), comment: "from outside to any endpoint"),
        ]
        if configuration.masqueradesAll {
            rules.append(Rule(translated, toClusterIP, .masquerade(fullyRandom: true), comment: "all ClusterIP traffic"))
        } else if !configuration.localTraffic.isByInterface, let isFromOutside = configuration.localTraffic.condition(inverted: true) {
            rules.append(
                Rule(translated, toClusterIP, isFromOutside, .masquerade(fullyRandom: true), comment: Self.fromOutside))
        }
        if configuration.masqueradesPodEgress {
            rules.append(
                Rule(
                    .inSet([.sourceAddress], SetName.podCIDRs), .inSet([.destinationAddress], SetName.clusterCIDRs, inverted: true),
                    .masquerade(fullyRandom: true), comment: "pods to the world outside"))
        }
        return rules
    }
}
