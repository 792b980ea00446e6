/// The sets and maps of the table besides those of `FrontendMaps`.
enum SetName {
    static let clusterIPs = "cluster-ips"
    static let serviceCIDRs = "service-cidrs"
    static let nodePortIPs = "nodeport-ips"
    static let clusterCIDRs = "cluster-cidrs"
    static let podCIDRs = "pod-cidrs"
    static let hairpin = "hairpin"
    static let affinities = "affinities"
    static let affineEndpoints = "affine-endpoints"
    static let restricted = "restricted-frontends"
    static let admitted = "admitted-clients"
}
