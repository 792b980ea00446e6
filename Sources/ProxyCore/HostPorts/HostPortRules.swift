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

    static let chains: [Chain] = {
        let toNode = Statement.equals(.destinationAddressKind, AddressKind.local.packed)
        let priority = Hook.destinationNAT + 1
        return [
            Chain("prerouting", hook: Hook(.nat, .prerouting, priority: priority), rules: [Rule(toNode, .verdict(.jump(forward)))]),
            // A packet from 127.0.0.1 could not leave for a pod without route_localnet, which would open the node's loopback services to its
            // neighbours. It goes where it would without host ports.
            Chain(
                "output", hook: Hook(.nat, .output, priority: priority),
                rules: [Rule(.inSet([.sourceAddress], SetName.loopback, inverted: true), toNode, .verdict(.jump(forward)))]),
            Chain(
                forward,
                rules: [
                    Rule(.destinationNATMap([.destinationAddress, .transportProtocol, .destinationPort], SetName.addressed)),
                    Rule(.destinationNATMap([.transportProtocol, .destinationPort], SetName.general)),
                ]),
            Chain(
                "postrouting", hook: Hook(.nat, .postrouting, priority: Hook.sourceNAT),
                rules: [
                    Rule(
                        .anyBit(.connectionStatus, ConnectionStatus.destinationTranslated),
                        .inSet([.sourceAddress, .destinationAddress], SetName.hairpin), .masquerade(fullyRandom: true),
                        comment: "a pod that reaches itself answers through the node")
                ]),
        ]
    }()
}
