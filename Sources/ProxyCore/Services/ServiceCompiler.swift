import Addresses
package import Nftables

/// Writes a service table as two nftables tables with constant rules: their number depends on how many different
/// endpoint counts there are, never on how many Services.
///
/// A packet to a frontend is found in a verdict map, which sends it to the chain for that frontend's number of endpoints.
/// That chain draws a slot and reads the endpoint from one map for all frontends, by slot and frontend.
package struct ServiceCompiler {
    package static let tableName = "swiftlet"
    package static let tables = TableFamily.allCases.map { TableID($0, tableName) }

    private let configuration: ProxyConfiguration

    package init(_ configuration: ProxyConfiguration) { self.configuration = configuration }

    /// One table for each family, always both.
    package func compile(_ table: ServiceTable) -> [Table] {
        TableFamily.allCases.map { compile(table.entries.filter { [family = $0] in $0.family == family.addresses }, family: $0) }
    }

    private func compile(_ entries: [ServiceEntry], family: TableFamily) -> Table {
        var changes = FamilyChanges(configuration: configuration, family: family)
        changes.add(entries)
        var elements = changes.ownElements
        for entry in entries { elements.add(entry) }
        return changes.table(elements)
    }
}
