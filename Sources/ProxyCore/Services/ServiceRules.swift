import Nftables

/// The part of the table that does not depend on Services.
struct ServiceRules {
    let configuration: ProxyConfiguration
    let family: TableFamily

    private static let frontend: [Selector] = [.destinationAddress, .transportProtocol, .destinationPort]
    private static let portOnly: [Selector] = [.transportProtocol, .destinationPort]

    var schemas: [SetSchema] {
        let address = family.addressType
        // nft has no type keyword for a drawn number, hence `typeof`; the modulus in it says nothing about the elements. The
        // value is `th dport`, not `tcp dport`, which would make nft limit the rules to TCP when it loads its own listing.
        let endpoint = SetSchema.Value.data(.typeOf([.destinationAddress, .destinationPort]))
        return [
            SetSchema(name: SetName.clusterIPs, key: .types([address]), comment: "ClusterIPs of all services"),
            SetSchema(name: SetName.nodePortIPs, key: .types([address]), comment: "addresses of this node that accept NodePort traffic"),
            SetSchema(name: SetName.clusterCIDRs, key: .types([address]), isInterval: true, comment: "pods of the cluster"),
            SetSchema(name: SetName.podCIDRs, key: .types([address]), isInterval: true, comment: "pods of this node"),
            SetSchema(name: SetName.hairpin, key: .types([address, address]), comment: "pods of this node that may reach themselves"),
            SetSchema(
                name: SetName.serviceFrontends, key: .types([address, .protocolNumber, .port]), value: .verdict,
                comment: "ClusterIP . protocol . port"),
            SetSchema(
                name: SetName.serviceEndpoints, key: .typeOf([.random(modulus: 2)] + Self.frontend), value: endpoint,
                comment: "slot . ClusterIP . protocol . port"),
            SetSchema(name: SetName.nodePortFrontends, key: .types([.protocolNumber, .port]), value: .verdict, comment: "protocol . NodePort"),
            SetSchema(
                name: SetName.nodePortEndpoints, key: .typeOf([.random(modulus: 2)] + Self.portOnly), value: endpoint,
                comment: "slot . protocol . NodePort"),
            SetSchema(name: SetName.emptyNodePorts, key: .types([.protocolNumber, .port]), comment: "rejected: nobody is behind them"),
        ]
    }

    var chains: [Chain] {
        [
            Chain(
                ChainName.natPrerouting, hook: Hook(.nat, .prerouting, priority: Hook.destinationNAT),
                rules: [Rule(.verdict(.jump(ChainName.services)))]),
            Chain(
                ChainName.natOutput, hook: Hook(.nat, .output, priority: Hook.destinationNAT),
                rules: [Rule(.verdict(.jump(ChainName.services)))]),
            Chain(
                ChainName.services,
                rules: [
                    Rule(.verdictMap(Self.frontend, SetName.serviceFrontends)),
                    Rule(.inSet([.destinationAddress], SetName.nodePortIPs), .verdictMap(Self.portOnly, SetName.nodePortFrontends)),
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
                    Rule(.inSet([.destinationAddress], SetName.clusterIPs), .reject, comment: "no endpoints, or no such port"),
                    Rule(
                        .inSet([.destinationAddress], SetName.nodePortIPs), .inSet(Self.portOnly, SetName.emptyNodePorts), .reject,
                        comment: "no endpoints"),
                ]),
        ]
    }

    private var masquerading: [Rule] {
        let translated = Statement.anyBit(.connectionStatus, ConnectionStatus.destinationTranslated)
        let toClusterIP = Statement.inSet([.originalDestinationAddress], SetName.clusterIPs)
        var rules = [
            Rule(
                translated, .inSet([.sourceAddress, .destinationAddress], SetName.hairpin), .masquerade(fullyRandom: true),
                comment: "a pod that reaches itself answers through the node"),
            Rule(translated, .anyBit(.mark, configuration.masqueradeMark), .masquerade(fullyRandom: true), comment: "NodePort"),
        ]
        if configuration.masqueradesAll {
            rules.append(Rule(translated, toClusterIP, .masquerade(fullyRandom: true), comment: "all ClusterIP traffic"))
        } else {
            rules.append(
                Rule(
                    translated, toClusterIP, .inSet([.sourceAddress], SetName.clusterCIDRs, inverted: true), .masquerade(fullyRandom: true),
                    comment: "to ClusterIPs from outside the pod network"))
        }
        if configuration.masqueradesPodEgress {
            rules.append(
                Rule(
                    .inSet([.sourceAddress], SetName.podCIDRs), .inSet([.destinationAddress], SetName.clusterCIDRs, inverted: true),
                    .masquerade(fullyRandom: true), comment: "pods to the world outside"))
        }
        return rules
    }

    func pick(_ count: Int) -> Chain {
        Chain(
            ChainName.pick(count),
            rules: [Rule(.destinationNATMap([.random(modulus: UInt32(count))] + Self.frontend, SetName.serviceEndpoints))])
    }

    /// Only the mark identifies the first packet of NodePort traffic in postrouting: its original destination is the
    /// node's own address, which other programs translate, too.
    func nodePortPick(_ count: Int) -> Chain {
        Chain(
            ChainName.nodePortPick(count),
            rules: [
                Rule(.setMark(configuration.masqueradeMark)),
                Rule(.destinationNATMap([.random(modulus: UInt32(count))] + Self.portOnly, SetName.nodePortEndpoints)),
            ])
    }
}
