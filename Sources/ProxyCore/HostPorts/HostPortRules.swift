import Nftables

/// The part of the tables that does not depend on pods: ports are elements of two maps.
///
/// The rules come right behind the Services' destination NAT. They do not see packets that a Service has taken, and take only
/// packets to the node itself, so a pod on port 443 of the node gets no packet to a ClusterIP's port 443.
enum HostPortRules {
    enum SetName {
        static let addressed = "ports-of-one-address"
        static let general = "ports-of-all-addresses"
        static let hairpin = "hairpin"
        static let loopback = "loopback"
    }

    private static let forward = "forward"

    static func schemas(_ family: TableFamily) -> [SetSchema] {
        let address = family.addressType
        let target = SetSchema.Value.data(.types([address, .port]))
        return [
            SetSchema(
                name: SetName.addressed, key: .types([address, .protocolNumber, .port]), value: target, comment: "hostIP . protocol . hostPort"),
            SetSchema(name: SetName.general, key: .types([.protocolNumber, .port]), value: target, comment: "protocol . hostPort"),
            SetSchema(name: SetName.hairpin, key: .types([address, address]), comment: "pods that may reach themselves"),
            SetSchema(name: SetName.loopback, key: .types([address]), isInterval: true, comment: "addresses that do not leave the node"),
        ]
    }

    /// Before the destination NAT: an answer to the node's own connection still has the node's address on the bridge.
    private static let guardPriority: Int32 = -190

    static func chains(_ family: TableFamily) -> [Chain] {
        let toNode = Statement.equals(.destinationAddressKind, AddressKind.local.packed)
        let translated = Statement.anyBit(.connectionStatus, ConnectionStatus.destinationTranslated)
        let priority = Hook.destinationNAT + 1
        var output: [Statement] = [toNode, .verdict(.jump(forward))]
        var masquerading = [
            Rule(
                translated, .inSet([.sourceAddress, .destinationAddress], SetName.hairpin), .masquerade(fullyRandom: true),
                comment: "a pod that reaches itself answers through the node")
        ]
        var chains: [Chain] = []
        switch family {
        case .ip:
            // The bridge takes packets from 127.0.0.1 to pods (route_localnet), and answers to that address. Nothing else may come to a loopback
            // address from there: what the node itself sends has an address of the node.
            chains.append(
                Chain(
                    "guard", hook: Hook(.filter, .prerouting, priority: guardPriority),
                    rules: [
                        Rule(
                            .inSet([.destinationAddress], SetName.loopback),
                            .equals(.sourceAddressKind, AddressKind.local.packed, inverted: true), .verdict(.drop),
                            comment: "the node's loopback is for the node")
                    ]))
            masquerading.append(
                Rule(
                    translated, .inSet([.sourceAddress], SetName.loopback), .masquerade(fullyRandom: true),
                    comment: "pods answer 127.0.0.1 through the node"))
        case .ip6:
            // IPv6 has no such setting: a packet from ::1 cannot leave for a pod. It goes where it would without host ports.
            output.insert(.inSet([.sourceAddress], SetName.loopback, inverted: true), at: 0)
        }
        return chains + [
            Chain("prerouting", hook: Hook(.nat, .prerouting, priority: priority), rules: [Rule(toNode, .verdict(.jump(forward)))]),
            Chain("output", hook: Hook(.nat, .output, priority: priority), rules: [Rule(output)]),
            Chain(
                forward,
                rules: [
                    Rule(.destinationNATMap([.destinationAddress, .transportProtocol, .destinationPort], SetName.addressed)),
                    Rule(.destinationNATMap([.transportProtocol, .destinationPort], SetName.general)),
                ]),
            Chain("postrouting", hook: Hook(.nat, .postrouting, priority: Hook.sourceNAT), rules: masquerading),
        ]
    }
}
