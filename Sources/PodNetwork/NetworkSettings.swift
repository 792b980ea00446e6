package import LinuxSystem

/// The settings of this node's pod network.
package struct NetworkSettings: Sendable {
    /// The way of a pod to itself through a Service when frames are bridged (`hairpinMode` of KubeletConfiguration).
    package enum Hairpin: String, Sendable, Hashable {
        case promiscuousBridge = "promiscuous-bridge"
        case ports = "hairpin-veth"
        case none
    }

    /// The way to the pods of other nodes.
    package enum Routing: Sendable, Hashable {
        /// Routes over the other nodes' addresses; none to nodes that are not on one link with this one.
        case hostGateway
        /// Likewise, and VXLAN to the nodes that are not on one link.
        case vxlan
    }

    /// The node's bridge, at most 15 bytes.
    package var bridge: String
    /// Bytes; `nil` takes that of the interface with the default route.
    package var mtu: UInt32?
    package var hairpin: Hairpin
    package var routing: Routing
    /// Pods send from their own addresses only.
    package var guardsSources: Bool
    /// The folder of the address records, on a tmpfs.
    package var stateDirectory: String
    /// The network namespace that the node's bridge is in; `nil` for the agent's own.
    package var nodeNamespace: Namespace?

    package init(
        bridge: String = "swl0", mtu: UInt32? = nil, hairpin: Hairpin = .ports, routing: Routing = .hostGateway,
        guardsSources: Bool = true, stateDirectory: String = "/run/swiftlet/network", nodeNamespace: Namespace? = nil
    ) {
        self.bridge = bridge
        self.mtu = mtu
        self.hairpin = hairpin
        self.routing = routing
        self.guardsSources = guardsSources
        self.stateDirectory = stateDirectory
        self.nodeNamespace = nodeNamespace
    }
}
