package import Addresses

/// How many Service ports ask for endpoints of this node and have none, while others could serve: by family and policy.
package struct LocalEndpointGaps: Sendable, Hashable {
    /// The policy that asks; the raw value is kube-proxy's name for it.
    package enum Policy: String, Sendable, CaseIterable {
        case external, `internal`
    }

    private struct Place: Sendable, Hashable {
        let family: IPAddress.Family
        let policy: Policy
    }

    private var counts: [Place: Int] = [:]

    package init() {}

    package subscript(family: IPAddress.Family, policy: Policy) -> Int { counts[Place(family: family, policy: policy)] ?? 0 }

    mutating func add(_ entries: [ServiceEntry]) { count(entries, 1) }

    mutating func remove(_ entries: [ServiceEntry]) { count(entries, -1) }

    private mutating func count(_ entries: [ServiceEntry], _ step: Int) {
        for entry in entries where entry.hasEndpoints && entry.localEndpoints.isEmpty {
            for policy in Policy.allCases where entry.asksForLocalEndpoints(policy) {
                counts.count(Place(family: entry.family, policy: policy), step)
            }
        }
    }
}

extension ServiceEntry {
    fileprivate func asksForLocalEndpoints(_ policy: LocalEndpointGaps.Policy) -> Bool {
        switch policy {
        case .internal: internalPolicy == .local
        case .external: externalPolicy == .local && (nodePort != nil || !externalIPs.isEmpty || !loadBalancerIPs.isEmpty)
        }
    }
}
