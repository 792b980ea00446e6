import KubeModel
import NodeAgent
import Synchronization

/// A node with room for 4 CPUs, and the object that the API server would show.
final class FakeOwnNode: OwnNodeSource {
    private let state: Mutex<(known: Node?, stored: Node?, reads: Int)>

    init() {
        var node = Node(metadata: ObjectMeta(name: "node-1"))
        node.status = NodeStatus()
        node.status?.allocatable = [
            "cpu": Quantity(4), "memory": Quantity(bytes: 8 << 30), "pods": Quantity(110), "ephemeral-storage": Quantity(bytes: 100 << 30),
        ]
        state = Mutex((node, node, 0))
    }

    var ownNode: Node? { state.withLock { $0.known } }
    var reads: Int { state.withLock { $0.reads } }

    func readOwnNode() async -> Node? {
        state.withLock { state in
            state.reads += 1
            if state.stored != nil { state.known = state.stored }
            return state.stored
        }
    }

    /// Changes the stored object.
    func store(_ node: Node?) { state.withLock { $0.stored = node } }

    /// Changes the object that the agent knows.
    func know(_ node: Node?) { state.withLock { $0.known = node } }
}
