/// The sets and maps of the table.
enum SetName {
    static let clusterIPs = "cluster-ips"
    static let nodePortIPs = "nodeport-ips"
    static let clusterCIDRs = "cluster-cidrs"
    static let podCIDRs = "pod-cidrs"
    static let hairpin = "hairpin"
    static let serviceFrontends = "service-frontends"
    static let serviceEndpoints = "service-endpoints"
    static let nodePortFrontends = "nodeport-frontends"
    static let nodePortEndpoints = "nodeport-endpoints"
    static let emptyNodePorts = "nodeports-without-endpoints"
}
