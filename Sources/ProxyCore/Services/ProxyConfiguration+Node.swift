import Addresses

extension ProxyConfiguration {
    /// Takes addresses and ranges as the Node object and the configuration file have them. Text that cannot be read is left out.
    /// - Parameters:
    ///   - nodeAddresses: the node's own, at most one of each family.
    ///   - nodePortAddresses: the field of KubeProxyConfiguration.
    ///   - clusterCIDR: comma-separated ranges.
    package init(
        nodeName: String, nodeAddresses: [String], podCIDRs: [String], nodePortAddresses: [String], clusterCIDR: String, masqueradesAll: Bool,
        zone: String? = nil, serviceCIDRs: [String] = [], localTraffic: LocalTraffic = .clusterRanges
    ) {
        self.init(
            nodeName: nodeName,
            nodePortAddresses: nodeAddresses.compactMap { IPAddress($0) },
            podCIDRs: podCIDRs.compactMap { CIDR($0) },
            clusterCIDRs: clusterCIDR.split(separator: ",").compactMap { CIDR($0.filter { !$0.isWhitespace }) },
            masqueradesPodEgress: true, masqueradesAll: masqueradesAll)
        nodePorts = NodePortAddresses(field: nodePortAddresses, nodeAddresses: self.nodeAddresses)
        self.localTraffic = localTraffic
        self.zone = zone
        self.serviceCIDRs = serviceCIDRs.compactMap { CIDR($0) }
    }
}
