package import Addresses

/// The addresses of a node that accept NodePort traffic, `nodePortAddresses` of KubeProxyConfiguration.
package enum NodePortAddresses: Sendable, Hashable {
    /// Every address in the Node object's status.
    case all
    /// Those of them in one of these ranges.
    case within([CIDR])

    /// Reads the field: empty and `primary` alone mean all addresses. Text that is not a range counts as an empty one.
    package init(field: [String]) {
        self = field.isEmpty || field == ["primary"] ? .all : .within(field.compactMap { CIDR($0) })
    }

    package func among(_ addresses: [IPAddress]) -> [IPAddress] {
        switch self {
        case .all: addresses
        case .within(let ranges): addresses.filter { address in ranges.contains { $0.contains(address) } }
        }
    }
}
