/// The fields of `KubeProxyConfiguration` that this agent acts on.
package struct ProxySettings: Sendable, Hashable {
    /// For Services and EndpointSlices; nil means the node's own identity.
    package var kubeconfig: String?
    package var qps = 5.0
    package var burst = 10
    /// Comma-separated, one of each family.
    package var clusterCIDR = ""
    /// CIDRs that contain the NodePort addresses; empty or `primary` for all addresses of the node.
    package var nodePortAddresses: [String] = []
    package var masqueradeAll = false
    package var localMode = LocalMode.clusterCIDR
    /// The bridge of the node's pods, for `localMode` `bridgeInterface`.
    package var bridgeInterface = ""
    /// The beginning of the names of the pods' interfaces, for `localMode` `interfaceNamePrefix`.
    package var interfaceNamePrefix = ""
    /// Where the proxy answers `/healthz`; port 0 means nowhere.
    package var healthzAddress = "0.0.0.0"
    package var healthzPort = 10256
    package var conntrack = ConntrackSettings()
    /// Where the proxy answers `/metrics`; port 0 means nowhere.
    package var metricsAddress = "127.0.0.1"
    package var metricsPort = 10249

    /// `detectLocalMode`: how packets of pods are told from others.
    package enum LocalMode: String, Sendable, CaseIterable {
        case clusterCIDR = "ClusterCIDR"
        case nodeCIDR = "NodeCIDR"
        case bridgeInterface = "BridgeInterface"
        case interfaceNamePrefix = "InterfaceNamePrefix"
    }

    package init() {}
}
