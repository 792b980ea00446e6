package import KubeModel
package import PodCore

/// The node's side of a pod's configuration.
package struct NodeContext: Sendable {
    package var nodeName: String
    package var hostIPs: [String]
    package var allocatable: [String: Quantity]
    package var clusterDNS: [String]
    package var clusterDomain: String
    /// The node's resolv.conf; empty for none.
    package var resolvConf: String
    package var seccompDefault: Bool
    package var seccompRoot: String
    package var sysctls: SysctlRules
    /// Whether the kernel enforces AppArmor.
    package var hasAppArmor: Bool
    package var resources: ResourceRules
    package var logMaxSize: Int64
    package var logMaxFiles: Int
    /// Handler names of RuntimeClasses that this node's runtime accepts.
    package var runtimeHandlers: [String]
    package var maxRestartPause: Duration
    /// For which the node takes no further pods.
    package var pressures = NodePressures()
    package var isShuttingDown = false
    package var labels: [String: String] = [:]

    package init(
        nodeName: String, hostIPs: [String], allocatable: [String: Quantity], clusterDNS: [String], clusterDomain: String,
        resolvConf: String, seccompDefault: Bool, seccompRoot: String, sysctls: SysctlRules = SysctlRules(), hasAppArmor: Bool = false,
        resources: ResourceRules,
        logMaxSize: Int64, logMaxFiles: Int, runtimeHandlers: [String] = [],
        maxRestartPause: Duration = .seconds(300)
    ) {
        self.nodeName = nodeName
        self.hostIPs = hostIPs
        self.allocatable = allocatable
        self.clusterDNS = clusterDNS
        self.clusterDomain = clusterDomain
        self.resolvConf = resolvConf
        self.seccompDefault = seccompDefault
        self.seccompRoot = seccompRoot
        self.sysctls = sysctls
        self.hasAppArmor = hasAppArmor
        self.resources = resources
        self.logMaxSize = logMaxSize
        self.logMaxFiles = logMaxFiles
        self.runtimeHandlers = runtimeHandlers
        self.maxRestartPause = maxRestartPause
    }
}
