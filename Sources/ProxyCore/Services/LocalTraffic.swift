import Nftables

/// How a rule tells packets of pods from others (`detectLocalMode` of KubeProxyConfiguration). Clients that are not pods are masqueraded on the way to
/// ClusterIPs, and external policy `Local` binds them.
package enum LocalTraffic: Sendable, Hashable {
    /// Not at all: no client counts as one from outside, and none as a pod.
    case unknown
    /// Pods of the cluster, by their address.
    case clusterRanges
    /// Pods of this node, by their address.
    case nodeRanges
    /// Pods of this node, by the bridge from which their packets come.
    case bridge(String)
    /// Pods of this node, by the beginning of the name of the interface from which their packets come.
    case interfaces(prefix: String)

    /// - Parameter inverted: for all other packets, those of the node itself among them.
    /// - Returns: `nil` where it is not known.
    func condition(inverted: Bool = false) -> Statement? {
        switch self {
        case .unknown: nil
        case .clusterRanges: .inSet([.sourceAddress], SetName.clusterCIDRs, inverted: inverted)
        case .nodeRanges: .inSet([.sourceAddress], SetName.podCIDRs, inverted: inverted)
        case .bridge(let name): .equals(.inputInterface, InterfaceName.exactly(name), inverted: inverted)
        case .interfaces(let prefix): .equals(.inputInterface, InterfaceName.beginning(prefix), inverted: inverted)
        }
    }

    /// Whether the interface counts, which is known only where a packet comes in.
    var isByInterface: Bool {
        switch self {
        case .unknown, .clusterRanges, .nodeRanges: false
        case .bridge, .interfaces: true
        }
    }
}
