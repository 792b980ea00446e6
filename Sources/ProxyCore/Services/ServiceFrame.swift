import Nftables

/// The declarations and chains of a table, which depend on the features in use.
struct ServiceFrame: Equatable {
    var pickChains: Set<PickChain>
    var affinityTimeouts: Set<UInt32>
    var localPolicies: [FrontendMaps]
    var hasRestrictions: Bool

    func table(_ configuration: ProxyConfiguration, _ family: TableFamily, _ elements: [String: [PackedBytes: ElementValue]]) -> Table {
        let rules = ServiceRules(configuration: configuration)
        let schemas = ServiceSchemas(configuration: configuration, family: family)
        var declared = schemas.base
        var chains = rules.base + pickChains.sorted().map { $0.chain(mark: configuration.masqueradeMark) }
        // Chains of features that no Service uses would cost every connection of the node some time.
        for maps in localPolicies {
            declared += schemas.localPolicy(maps)
            chains.append(rules.localPolicy(maps))
        }
        if !affinityTimeouts.isEmpty {
            declared += schemas.affinity
            chains += AffinityRules.chains(timeouts: affinityTimeouts)
        }
        if hasRestrictions {
            declared += schemas.admission
            chains += rules.admission
        }
        return Table(
            TableID(family, ServiceCompiler.tableName), comment: "Services of this node, kept by swiftlet",
            sets: declared.map { NamedSet($0, elements: elements[$0.name] ?? [:]) }, chains: chains)
    }
}
