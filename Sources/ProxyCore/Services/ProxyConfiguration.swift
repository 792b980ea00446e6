package import Addresses

/// The input of the rules besides Services.
package struct ProxyConfiguration: Sendable, Hashable {
    /// This node's name, by which local endpoints are recognised.
    package var nodeName: String
    /// Addresses that accept NodePort traffic: the node's primary address of each family. Loopback is never one.
    package var nodePortAddresses: [IPAddress]
    /// This node's podCIDRs.
    package var podCIDRs: [CIDR]
    /// The ranges of all pods of the cluster. Traffic from here keeps its source address, traffic of this node's pods to
    /// anywhere else is masqueraded. This node's podCIDRs are always part of it.
    package var clusterCIDRs: [CIDR]
    /// Give this node's pods the node's address when they talk to the world outside the cluster.
    package var masqueradesPodEgress: Bool
    /// Masquerade all traffic to ClusterIPs (`masqueradeAll` of KubeProxyConfiguration).
    package var masqueradesAll: Bool
    /// The packet mark bit that says "masquerade" (`masqueradeBit` of KubeProxyConfiguration), 0 to 31.
    package var masqueradeBit: Int

    package init(
        nodeName: String, nodePortAddresses: [IPAddress] = [], podCIDRs: [CIDR] = [], clusterCIDRs: [CIDR] = [],
        masqueradesPodEgress: Bool = false, masqueradesAll: Bool = false, masqueradeBit: Int = 14
    ) {
        self.nodeName = nodeName
        self.nodePortAddresses = nodePortAddresses
        self.podCIDRs = podCIDRs
        self.clusterCIDRs = clusterCIDRs
        self.masqueradesPodEgress = masqueradesPodEgress
        self.masqueradesAll = masqueradesAll
        self.masqueradeBit = masqueradeBit
    }

    var masqueradeMark: UInt32 { 1 << UInt32(min(max(masqueradeBit, 0), 31)) }
}
