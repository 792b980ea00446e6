/// `internalTrafficPolicy` and `externalTrafficPolicy` of a Service.
package enum TrafficPolicy: Sendable, Hashable {
    /// All endpoints of the cluster.
    case cluster
    /// The endpoints on this node. Clients from outside keep their address.
    case local

    /// Reads the field: anything but `Local` means `Cluster`.
    init(field: String?) { self = field == "Local" ? .local : .cluster }
}
