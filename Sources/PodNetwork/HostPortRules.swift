import LinuxNetlink
package import Nftables

/// The tables that lead ports of the node to pods. Chains and rules are constant, ports are elements of two maps.
///
/// They work right behind the Services' destination NAT: what a Service has taken is not asked for again, and nothing is taken but what is
/// addressed to the node itself. So a pod on port 443 of the node does not get what is for a ClusterIP's port 443.
package enum HostPortRules {
    static let tableName = "swiftlet-hostports"
    static let tables = TableFamily.allCases.map { TableID($0, tableName) }

    private enum Name {
        static let addressed = "ports-of-one-address"
        static let general = "ports-of-all-addresses"
        static let hairpin = "hairpin"
        static let loopback = "loopback"
        static let forward = "forward"
    }

    /// One table for each family; one without sets and chains where no port is forwarded.
    package static func compile(_ claims: [HostPortClaim]) -> [Table] {
        TableFamily.allCases.map { family in
            var sets = Elements()
            for claim in claims { sets.add(claim, family) }
            guard !sets.isEmpty else { return Table(TableID(family, tableName)) }
            return Table(
                TableID(family, tableName), comment: "host ports of this node's pods, kept by swiftlet",
                sets: schemas(family).map { NamedSet($0, elements: sets.elements[$0.name] ?? [:]) }, chains: chains)
        }
    }

    private static func schemas(_ family: TableFamily) -> [SetSchema] {
        let address = family.addressType
        let target = SetSchema.Value.data(.types([address, .port]))
        return [
            SetSchema(
                name: Name.addressed, key: .types([address, .protocolNumber, .port]), value: target, comment: "hostIP . protocol . hostPort"),
            SetSchema(name: Name.general, key: .types([.protocolNumber, .port]), value: target, comment: "protocol . hostPort"),
            SetSchema(name: Name.hairpin, key: .types([address, address]), comment: "pods that may reach themselves"),
            SetSchema(name: Name.loopback, key: .types([address]), isInterval: true, comment: "addresses that do not leave the node"),
        ]
    }

    private static let chains: [Chain] = {
        var local = PackedBytes()
        // RTN_LOCAL
        local.append(host: 2)
        let toNode = Statement.equals(.destinationAddressKind, local)
        let priority = Hook.destinationNAT + 1
        return [
            Chain("prerouting", hook: Hook(.nat, .prerouting, priority: priority), rules: [Rule(toNode, .verdict(.jump(Name.forward)))]),
            // A packet from 127.0.0.1 could not leave for a pod without route_localnet, which would open the node's loopback services to its
            // neighbours. It goes where it would without host ports.
            Chain(
                "output", hook: Hook(.nat, .output, priority: priority),
                rules: [Rule(.inSet([.sourceAddress], Name.loopback, inverted: true), toNode, .verdict(.jump(Name.forward)))]),
            Chain(
                Name.forward,
                rules: [
                    Rule(.destinationNATMap([.destinationAddress, .transportProtocol, .destinationPort], Name.addressed)),
                    Rule(.destinationNATMap([.transportProtocol, .destinationPort], Name.general)),
                ]),
            Chain(
                "postrouting", hook: Hook(.nat, .postrouting, priority: Hook.sourceNAT),
                rules: [
                    Rule(
                        .anyBit(.connectionStatus, 32), .inSet([.sourceAddress, .destinationAddress], Name.hairpin), .masquerade(fullyRandom: true),
                        comment: "a pod that reaches itself answers through the node")
                ]),
        ]
    }()

    private struct Elements {
        private(set) var elements: [String: [PackedBytes: ElementValue]] = [:]
        var isEmpty: Bool { elements.isEmpty }

        mutating func add(_ claim: HostPortClaim, _ family: TableFamily) {
            for (frontend, target) in claim.targets where frontend.family.table == family {
                var key = PackedBytes()
                if let address = frontend.address { key.append(field: address.bytes) }
                key.append(field: [frontend.transport.number])
                key.append(bigEndian: frontend.port)
                var value = PackedBytes()
                value.append(field: target.address.bytes)
                value.append(bigEndian: target.port)
                elements[frontend.address == nil ? Name.general : Name.addressed, default: [:]][key] = .data(value)
                elements[Name.hairpin, default: [:]][PackedBytes(target.address.bytes + target.address.bytes)] = .member
                let (first, last) = family == .ip ? ([127, 0, 0, 0], [127, 255, 255, 255]) : Self.loopbackV6
                elements[Name.loopback] = [PackedBytes(first): .through(PackedBytes(last))]
            }
        }

        private static let loopbackV6: ([UInt8], [UInt8]) = {
            let address = [UInt8](repeating: 0, count: 15) + [1]
            return (address, address)
        }()
    }
}

extension IPAddress.Family {
    fileprivate var table: TableFamily { self == .v4 ? .ip : .ip6 }
}
