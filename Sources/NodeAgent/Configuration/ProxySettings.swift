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
    /// Where the proxy answers `/healthz`; port 0 means nowhere.
    package var healthzAddress = "0.0.0.0"
    package var healthzPort = 10256
    package var conntrack = ConntrackSettings()
    /// Where the proxy answers `/metrics`; port 0 means nowhere.
    package var metricsAddress = "127.0.0.1"
    package var metricsPort = 10249

    package init() {}
}
