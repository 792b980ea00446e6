package import KubeModel
import Logging
import Synchronization

/// This node's object, by which pods are admitted: its labels, taints and allocatable resources.
package protocol OwnNodeSource: Sendable {
    /// The newest known object, with the resources that this agent offers; `nil` until both are known. Pods wait for it: an agent that has just
    /// started knows no reason to refuse one.
    var ownNode: Node? { get }

    /// Reads the object from the API server, in case a label is newer than the known object; `nil` if it cannot be read.
    func readOwnNode() async -> Node?
}

extension NodeReporter: OwnNodeSource {
    package nonisolated var ownNode: Node? {
        guard let status = offered.withLock({ $0 }), var node = node else { return nil }
        // The stored status may be an earlier agent's, of a machine that had other memory or other reservations.
        node.status = status
        return node
    }

    package func readOwnNode() async -> Node? {
        do {
            let fresh = try await api.node(named: settings.name)
            answered(fresh)
        } catch {
            logger.warning(
                "Node could not be read; a pod's node affinity is decided by the known labels",
                metadata: ["node": "\(settings.name)", "error": "\(error)"])
            return nil
        }
        return ownNode
    }
}
