import Nftables

/// A chain that leads a packet to one of a number of endpoints. One exists for each combination that some frontend needs.
struct PickChain: Hashable {
    let maps: FrontendMaps
    /// Marks the connection to be masqueraded: any node may have the endpoint, and answers have to come back here.
    let isMarking: Bool
    /// A client that has an endpoint stays with it.
    let isAffine: Bool
    /// Of the endpoints for policy `Local`.
    let isLocal: Bool
    let count: Int

    var name: String {
        maps.prefix + (isMarking ? "external-" : "") + (isAffine ? "affine-" : "") + (isLocal ? "local-" : "") + "pick-\(count)"
    }

    func chain(mark: UInt32) -> Chain {
        var rules: [Rule] = []
        // Only the mark identifies the first packet of external traffic in postrouting: its original destination may be the node's own
        // address, which other programs translate, too.
        if isMarking { rules.append(Rule(.setMark(mark))) }
        if isAffine { rules.append(Rule(.destinationNATMap(AffinityRules.key, SetName.affinities))) }
        rules.append(Rule(.destinationNATMap([.random(modulus: UInt32(count))] + maps.key, isLocal ? maps.localEndpoints : maps.endpoints)))
        return Chain(name, rules: rules)
    }
}

extension PickChain: Comparable {
    static func < (left: PickChain, right: PickChain) -> Bool { left.name < right.name }
}
