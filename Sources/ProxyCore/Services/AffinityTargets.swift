import Addresses

/// The endpoints that clients of each frontend with session affinity may stay with.
package struct AffinityTargets: Sendable, Hashable {
    private struct Targets: Hashable {
        let ofCluster: Set<Endpoint.Target>
        let ofOthers: Set<Endpoint.Target>
    }

    private var targets: [Frontend: Targets] = [:]
    /// The frontends that are looked at; `nil` for all.
    private var concerned: Set<Frontend>?
    private let nodePorts: NodePortAddresses
    /// Clients that policy `Local` does not bind.
    private let cluster: [CIDR]

    /// - Parameter former: `table` is only a part of all Services, as they were before a change. Clients of other ones are left alone.
    package init(_ table: ServiceTable, former: ServiceTable? = nil, configuration: ProxyConfiguration) {
        nodePorts = configuration.nodePorts
        cluster = configuration.localRanges + configuration.nodeAddresses.map { CIDR(host: $0) }
        for entry in table.entries where entry.affinityTimeout != nil {
            let all = Set(entry.endpoints.map(\.target))
            for frontend in entry.frontends {
                let others = Set(entry.endpoints(at: frontend).map(\.target))
                targets[frontend.frontend] = Targets(ofCluster: frontend.isExternal ? all : others, ofOthers: others)
            }
        }
        concerned = former.map { Set(($0.entries + table.entries).filter { $0.affinityTimeout != nil }.flatMap(\.frontends).map(\.frontend)) }
    }

    /// No client can be at a wrong place.
    package var isEmpty: Bool { concerned?.isEmpty ?? targets.isEmpty }

    package func allows(_ affinity: ClientAffinity) -> Bool {
        let frontend = affinity.frontend
        let isNodePort = nodePorts.contains(frontend.address)
        if let concerned, !concerned.contains(frontend), !isNodePort || !concerned.contains(frontend.atEveryAddress) { return true }
        guard let allowed = targets[frontend] ?? (isNodePort ? targets[frontend.atEveryAddress] : nil) else { return false }
        let isOfCluster = cluster.contains { $0.contains(affinity.client) }
        return (isOfCluster ? allowed.ofCluster : allowed.ofOthers).contains(affinity.target)
    }
}
