package import Addresses

/// The input of the rules besides Services.
package struct ProxyConfiguration: Sendable, Hashable {
    /// This node's name, by which local endpoints are recognised.
    package var nodeName: String
    /// The zone in the node's labels, for topology hints.
    package var zone: String?
    /// The node's own addresses, at most one of each family.
    package var nodeAddresses: [IPAddress]
    package var nodePorts: NodePortAddresses
    /// This node's podCIDRs.
    package var podCIDRs: [CIDR]
    /// The ranges of all pods of the cluster. Traffic of this node's pods to anywhere else is masqueraded; traffic from here keeps its source address, unless
    /// `localTraffic` says otherwise. This node's podCIDRs are always part of it.
    package var clusterCIDRs: [CIDR]
    package var localTraffic = LocalTraffic.clusterRanges
    /// The ranges that ClusterIPs are taken from; packets to one that no Service has are dropped. Empty when they are not known.
    package var serviceCIDRs: [CIDR] = []
    /// Give this node's pods the node's address when they talk to the world outside the cluster.
    package var masqueradesPodEgress: Bool
    /// Masquerade all traffic to ClusterIPs (`masqueradeAll` of KubeProxyConfiguration).
    package var masqueradesAll: Bool
    /// The packet mark bit that says "masquerade" (`masqueradeBit` of KubeProxyConfiguration), 0 to 31.
    package var masqueradeBit: Int

    /// - Parameter nodePortAddresses: the node's own, at which NodePorts are served.
    package init(
        nodeName: String, nodePortAddresses: [IPAddress] = [], podCIDRs: [CIDR] = [], clusterCIDRs: [CIDR] = [],
        masqueradesPodEgress: Bool = false, masqueradesAll: Bool = false, masqueradeBit: Int = 14
    ) {
        self.nodeName = nodeName
        nodeAddresses = nodePortAddresses
        nodePorts = .at(nodePortAddresses)
        self.podCIDRs = podCIDRs
        self.clusterCIDRs = clusterCIDRs
        self.masqueradesPodEgress = masqueradesPodEgress
        self.masqueradesAll = masqueradesAll
        self.masqueradeBit = masqueradeBit
    }

    /// The addresses of clients that count as pods. By interface they are those that this node's pods have.
    var localRanges: [CIDR] {
        switch localTraffic {
        case .unknown: []
        case .clusterRanges: podCIDRs + clusterCIDRs
        case .nodeRanges, .bridge, .interfaces: podCIDRs
        }
    }

    var masqueradeMark: UInt32 { 1 << UInt32(min(max(masqueradeBit, 0), 31)) }
}
