package import Addresses

/// The addresses of a node that accept NodePort traffic, `nodePortAddresses` of KubeProxyConfiguration. Loopback is never one.
package enum NodePortAddresses: Sendable, Hashable {
    case at([IPAddress])
    /// Every address of the node in one of these ranges, also one that it gets later.
    case within([CIDR])

    /// Reads the field: empty and `primary` alone mean the node's own addresses. Text that is not a range counts as an empty one. A family without a
    /// range accepts traffic at all of the node's addresses.
    package init(field: [String], nodeAddresses: [IPAddress]) {
        if field.isEmpty || field == ["primary"] {
            self = .at(nodeAddresses)
            return
        }
        let ranges = field.compactMap { CIDR($0) }
        let missing = IPAddress.Family.allCases.filter { family in !ranges.contains { $0.family == family } }
        self = .within(ranges + missing.map { .everything($0) })
    }

    package var areRanges: Bool {
        if case .within = self { true } else { false }
    }

    package func contains(_ address: IPAddress) -> Bool {
        switch self {
        case .at(let addresses): addresses.contains(address)
        case .within(let ranges): ranges.contains { $0.contains(address) }
        }
    }

    /// The addresses to listen at for a port of the family: the unspecified one stands for all.
    package func listening(_ family: IPAddress.Family) -> [IPAddress] {
        switch self {
        case .at(let addresses): addresses.filter { $0.family == family }
        case .within: [family.unspecified]
        }
    }
}
