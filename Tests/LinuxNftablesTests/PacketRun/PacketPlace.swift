/// A machine in a network namespace of its own.
enum PacketPlace: Sendable, Hashable {
    /// The node that has the rules.
    case node
    /// A pod of this node, by the last byte of its addresses.
    case pod(UInt8)
    /// The default route of the node: has every address that no other machine has.
    case world
    case otherNode
    /// Pods of other nodes that are endpoints.
    case otherPods
    /// Clients that are neither this node nor its pods.
    case clients

    /// The machines behind links of their own, in the order of the links.
    static let remote: [PacketPlace] = [.world, .otherNode, .otherPods, .clients]
}
