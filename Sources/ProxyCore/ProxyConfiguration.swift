/// What the rules depend on besides Services.
package struct ProxyConfiguration: Sendable, Hashable {
    /// This node's name, which tells local endpoints.
    package var nodeName: String
    /// Addresses that accept NodePort traffic: the node's primary address of each family. Loopback is never one.
    package var nodePortAddresses: [IPAddress]
    /// This node's podCIDRs.
    package var podCIDRs: [IPPrefix]
    /// Where all pods of the cluster live. Traffic from here keeps its source address, traffic of this node's pods to
    /// anywhere else is masqueraded. This node's podCIDRs are always part of it.
    package var clusterCIDRs: [IPPrefix]
    /// Give this node's pods the node's address when they talk to the world outside the cluster.
    package var masqueradesPodEgress: Bool
    /// Masquerade all traffic to ClusterIPs (`masqueradeAll` of KubeProxyConfiguration).
    package var masqueradesAll: Bool
    /// The packet mark bit that says "masquerade" (`masqueradeBit` of KubeProxyConfiguration), 0 to 31.
    package var masqueradeBit: Int

    package init(
        nodeName: String, nodePortAddresses: [IPAddress] = [], podCIDRs: [IPPrefix] = [], clusterCIDRs: [IPPrefix] = [],
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
