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

    /// The tables for some claims.
    package static func compile(_ claims: [HostPortClaim]) -> [Table] {
        var elements = Elements()
        for claim in claims { elements.add(claim) }
        return elements.tables
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

    /// What the sets hold. No two claims have a frontend in common, nor a target's address: each element is one claim's.
    struct Elements: Sendable {
        private typealias Sets = [String: [PackedBytes: ElementValue]]

        private var families: [TableFamily: Sets] = [:]

        /// One table for each family; one without sets and chains where no port is forwarded.
        var tables: [Table] {
            TableFamily.allCases.map { family in
                var sets = families[family] ?? [:]
                guard sets.contains(where: { !$0.value.isEmpty }) else { return Table(TableID(family, tableName)) }
                sets[Name.loopback] = Self.loopback(family)
                return Table(
                    TableID(family, tableName), comment: "host ports of this node's pods, kept by swiftlet",
                    sets: schemas(family).map { NamedSet($0, elements: sets[$0.name] ?? [:]) }, chains: chains)
            }
        }

        mutating func add(_ claim: HostPortClaim) { set(claim, isThere: true) }

        mutating func remove(_ claim: HostPortClaim) { set(claim, isThere: false) }

        private mutating func set(_ claim: HostPortClaim, isThere: Bool) {
            for (frontend, target) in claim.targets {
                let family = frontend.family.table
                let name = frontend.address == nil ? Name.general : Name.addressed
                let hairpin = PackedBytes(target.address.bytes + target.address.bytes)
                families[family, default: [:]][name, default: [:]][Self.key(frontend)] = isThere ? .data(Self.value(target)) : nil
                families[family, default: [:]][Name.hairpin, default: [:]][hairpin] = isThere ? .member : nil
            }
        }

        private static func value(_ target: HostPortClaim.Target) -> PackedBytes {
            var value = PackedBytes()
            value.append(field: target.address.bytes)
            value.append(bigEndian: target.port)
            return value
        }

        private static func key(_ frontend: HostPortClaim.Frontend) -> PackedBytes {
            var key = PackedBytes()
            if let address = frontend.address { key.append(field: address.bytes) }
            key.append(field: [frontend.transport.number])
            key.append(bigEndian: frontend.port)
            return key
        }

        private static func loopback(_ family: TableFamily) -> [PackedBytes: ElementValue] {
            let lastV6 = [UInt8](repeating: 0, count: 15) + [1]
            let (first, last) = family == .ip ? ([127, 0, 0, 0], [127, 255, 255, 255]) : (lastV6, lastV6)
            return [PackedBytes(first): .through(PackedBytes(last))]
        }
    }
}

extension IPAddress.Family {
    fileprivate var table: TableFamily { self == .v4 ? .ip : .ip6 }
}
