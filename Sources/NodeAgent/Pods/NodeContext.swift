package import KubeModel

/// The node's side of a pod's configuration.
package struct NodeContext: Sendable {
    package var nodeName: String
    package var hostIPs: [String]
    package var allocatable: [String: Quantity]
    /// Bytes.
    package var memory: Int64
    package var clusterDNS: [String]
    package var clusterDomain: String
    /// The node's resolv.conf; empty for none.
    package var resolvConf: String
    package var seccompDefault: Bool
    package var seccompRoot: String
    package var podPidsLimit: Int64?
    package var logMaxSize: Int64
    package var logMaxFiles: Int

    package init(
        nodeName: String, hostIPs: [String], allocatable: [String: Quantity], memory: Int64, clusterDNS: [String], clusterDomain: String,
        resolvConf: String, seccompDefault: Bool, seccompRoot: String, podPidsLimit: Int64?, logMaxSize: Int64, logMaxFiles: Int
    ) {
        self.nodeName = nodeName
        self.hostIPs = hostIPs
        self.allocatable = allocatable
        self.memory = memory
        self.clusterDNS = clusterDNS
        self.clusterDomain = clusterDomain
        self.resolvConf = resolvConf
        self.seccompDefault = seccompDefault
        self.seccompRoot = seccompRoot
        self.podPidsLimit = podPidsLimit
        self.logMaxSize = logMaxSize
        self.logMaxFiles = logMaxFiles
    }
}
