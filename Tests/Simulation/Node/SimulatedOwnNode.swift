import KubeModel
import NodeAgent

/// The node's object, which is known from the start.
struct SimulatedOwnNode: OwnNodeSource {
    var ownNode: Node? {
        var node = Node(metadata: ObjectMeta(name: "node-1"))
        node.status = NodeStatus()
        node.status?.allocatable = ["cpu": Quantity(4), "memory": Quantity(8_589_934_592), "pods": Quantity(110)]
        return node
    }

    func readOwnNode() async -> Node? { ownNode }
}
