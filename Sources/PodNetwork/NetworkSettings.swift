package import LinuxSystem

/// The settings of this node's pod network.
package struct NetworkSettings: Sendable {
    /// The way of a pod to itself through a Service when frames are bridged (`hairpinMode` of KubeletConfiguration).
    package enum Hairpin: String, Sendable, Hashable {
        case promiscuousBridge = "promiscuous-bridge"
        case ports = "hairpin-veth"
        case none
    }

    /// The node's bridge, at most 15 bytes.
    package var bridge: String
    /// Bytes; `nil` takes that of the interface with the default route.
    package var mtu: UInt32?
    package var hairpin: Hairpin
    /// The folder of the address records, on a tmpfs.
    package var stateDirectory: String
    /// The network namespace that the node's bridge is in; `nil` for the agent's own.
    package var nodeNamespace: Namespace?

    package init(
        bridge: String = "swl0", mtu: UInt32? = nil, hairpin: Hairpin = .ports, stateDirectory: String = "/run/swiftlet/network",
        nodeNamespace: Namespace? = nil
    ) {
        self.bridge = bridge
        self.mtu = mtu
        self.hairpin = hairpin
        self.stateDirectory = stateDirectory
        self.nodeNamespace = nodeNamespace
    }
}
