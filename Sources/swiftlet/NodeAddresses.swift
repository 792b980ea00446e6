import KubeClient
import KubeModel
import Synchronization

/// The addresses of the Node object as the API server has them, for the names of the serving certificate.
final class NodeAddresses: Sendable {
    /// Sent when the addresses have changed.
    let changed = RenewalSignal()
    private let known = Mutex<[NodeAddress]>([])

    var all: [NodeAddress] { known.withLock { $0 } }

    func set(from node: Node) {
        let addresses = node.status?.addresses ?? []
        let isNew = known.withLock { known in
            defer { known = addresses }
            return known != addresses
        }
        if isNew { changed.send() }
    }
}
