package import PodCore

/// `SwiftletConfiguration`: settings without a field in Kubernetes' own kinds.
package struct SwiftletSettings: Sendable, Hashable {
    /// One registry host.
    package struct Registry: Sendable, Hashable {
        /// Tried in this order before the host itself. `host[:port]` or a URL.
        package var mirrors: [String] = []
        /// Plain HTTP and certificates of any authority are accepted.
        package var insecure = false
        /// Signs the registry's certificate.
        package var caFile: String?
    }

    package enum NetworkMode: String, Sendable, CaseIterable {
        /// The built-in bridge.
        case bridge
        /// CNI plugins.
        case cni
    }

    /// The way to the pods of other nodes.
    package enum NetworkRouting: String, Sendable, CaseIterable {
        /// Routes to the other nodes' ranges, over their own addresses: for nodes on one link.
        case hostGateway = "host-gw"
        /// Likewise, and VXLAN between nodes that are not on one link.
        case vxlan
        /// Another program makes the routes, or there are no other nodes.
        case none
    }

    package struct Network: Sendable, Hashable {
        package var mode = NetworkMode.bridge
        package var routing = NetworkRouting.hostGateway
        /// Pods send from their own addresses only.
        package var antiSpoofing = true
        package var bridge = "swl0"
        /// The folder of the CNI configurations, of which the first by name is used.
        package var cniConfDir = "/etc/cni/net.d"
        /// The folders of the CNI plugins, the first one first.
        package var cniBinDirs = ["/opt/cni/bin", "/usr/lib/cni"]
        /// 0 means the default route's.
        package var mtu = 0
        /// Comma-separated, one of each family; empty means `podCIDR` of the kubelet, then the control plane's ranges.
        package var podCIDR = ""
    }

    /// By host, such as `docker.io` or `localhost:5000`.
    package var registries: [String: Registry] = [:]
    package var network = Network()
    /// The cgroup v2 directory that pods are placed under; empty means `cgroupRoot` of the kubelet below the mounted hierarchy, or the
    /// delegated cgroup of swiftlet-pods.service.
    package var cgroupRoot = ""
    /// False runs pods without resource limits where the kernel does not offer the cgroup v2 controllers.
    package var requireControllers = true
    /// Whether the agent sets the kernel parameters that a node relies on, unless `protectKernelDefaults` of the kubelet only has them
    /// checked. Never without `requireControllers`: a host without limits is a personal machine rather than a node.
    package var setKernelParameters = true
    /// Handler names of RuntimeClasses that this node's only runtime accepts.
    package var runtimeHandlers = ["swiftlet", "runc"]
    /// Labels of a new node object.
    package var nodeLabels: [String: String] = [:]
    package var adminSocket = "/run/swiftlet/admin.sock"
    /// The folder of images and their layers.
    package var imageRoot = "/var/lib/swiftlet/images"
    package var imageLimits = ImageCaps()
    /// The folder whose archives are imported and pinned.
    package var imageImports = "/etc/swiftlet/images.d"
    package var shimPath = "/usr/libexec/swiftlet/swiftlet-shim"
    package var pausePath = "/usr/libexec/swiftlet/swiftlet-pause"

    package init() {}
}
