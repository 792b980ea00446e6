import Addresses

/// The endpoints of one Service port in one family that traffic may be led to, by traffic policy.
struct EndpointChoice {
    /// For policy `Cluster`, ascending.
    var cluster: [Endpoint] = []
    /// For policy `Local`, ascending.
    var local: [Endpoint] = []
    /// Some endpoint of the cluster could serve.
    var hasAny = false
    /// Endpoints that existing connections may stay with, whatever the policies say.
    var serving: Set<Endpoint.Target> = []

    init() {}

    /// - Parameter wantsLocal: some traffic follows policy `Local`.
    init(_ candidates: [Endpoint.Target: EndpointTraits], wantsLocal: Bool, wantsServing: Bool) {
        let ready = candidates.filter { $0.value.contains(.ready) }
        let leaving = candidates.filter { $0.value.isSuperset(of: [.leaving]) && !$0.value.contains(.ready) }
        hasAny = !ready.isEmpty || !leaving.isEmpty
        // Endpoints that are leaving serve only while no other does.
        cluster = Self.sorted(ready.isEmpty ? leaving : Self.near(ready))
        if wantsLocal {
            let nearby = ready.filter { $0.value.contains(.local) }
            local = Self.sorted(nearby.isEmpty ? leaving.filter { $0.value.contains(.local) } : nearby)
        }
        if wantsServing { serving = Set(candidates.filter { !$0.value.isDisjoint(with: [.serving, .ready]) }.keys) }
    }

    /// Hints count only when each ready endpoint has some and one of them is for this node, or else its zone.
    private static func near(_ ready: [Endpoint.Target: EndpointTraits]) -> [Endpoint.Target: EndpointTraits] {
        for (hints, own) in [(EndpointTraits.hasNodeHints, EndpointTraits.hintedToNode), (.hasZoneHints, .hintedToZone)] {
            guard ready.values.allSatisfy({ $0.contains(hints) }) else { continue }
            let chosen = ready.filter { $0.value.contains(own) }
            if !chosen.isEmpty { return chosen }
        }
        return ready
    }

    private static func sorted(_ candidates: [Endpoint.Target: EndpointTraits]) -> [Endpoint] {
        candidates.map { Endpoint(address: $0.key.address, port: $0.key.port, isLocal: $0.value.contains(.local)) }.sorted()
    }
}
