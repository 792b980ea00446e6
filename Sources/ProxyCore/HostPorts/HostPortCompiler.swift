package import Addresses
package import Nftables

/// Writes host ports as two nftables tables with constant rules, one for each family. An empty table should not be there: no port is forwarded.
package enum HostPortCompiler {
    package static let tableName = "swiftlet-hostports"
    package static let tables = TableFamily.allCases.map { TableID($0, tableName) }

    /// - Parameter claims: the frontends of each pod with their targets. No two claims have a frontend or a target's address in common.
    package static func compile(_ claims: [[Frontend: Endpoint.Target]]) -> [Table] {
        var elements = HostPortElements()
        for claim in claims { elements.add(claim) }
        return compile(elements)
    }

    package static func compile(_ elements: HostPortElements) -> [Table] {
        TableFamily.allCases.map { family in
            let id = TableID(family, tableName)
            let sets = elements.sets(of: family)
            guard !sets.isEmpty else { return Table(id) }
            return Table(
                id, comment: "host ports of this node's pods, kept by swiftlet",
                sets: HostPortRules.schemas(family).map { NamedSet($0, elements: sets[$0.name] ?? [:]) }, chains: HostPortRules.chains(family))
        }
    }
}
