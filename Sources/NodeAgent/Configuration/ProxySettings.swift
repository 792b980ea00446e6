/// The fields of `KubeProxyConfiguration` that this agent acts on.
package struct ProxySettings: Sendable, Hashable {
    /// How traffic of this node's pods is told from other traffic.
    package enum DetectLocalMode: String, Sendable, CaseIterable {
        case clusterCIDR = "ClusterCIDR"
        case nodeCIDR = "NodeCIDR"
    }

    /// For Services and EndpointSlices; nil means the node's own identity.
    package var kubeconfig: String?
    package var qps = 5.0
    package var burst = 10
    /// `host:port`; empty turns it off.
    package var healthzBindAddress = "0.0.0.0:10256"
    package var metricsBindAddress = "127.0.0.1:10249"
    /// Comma-separated, one of each family.
    package var clusterCIDR = ""
    package var detectLocalMode = DetectLocalMode.clusterCIDR
    /// CIDRs, or `primary`; empty means all addresses of the node.
    package var nodePortAddresses: [String] = []
    package var masqueradeAll = false
    /// The longest time between two complete checks of the rules.
    package var syncPeriod = Duration.seconds(30)
    /// The shortest time between two changes of the rules.
    package var minSyncPeriod = Duration.seconds(1)

    package init() {}
}
