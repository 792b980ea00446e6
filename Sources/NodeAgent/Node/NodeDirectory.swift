package import KubeClient
import KubeModel
package import Logging
import Synchronization

/// The other nodes of the cluster, for the ways to their pods.
package final class NodeDirectory: Sendable {
    private let reflector: Reflector<ClusterNode>
    private let ownName: String
    private let logger: Logger
    private let ranges = Mutex<[String]?>(nil)

    package init(_ client: KubeClient, ownName: String, logger: Logger) {
        reflector = Reflector(client, of: ClusterNode.self)
        self.ownName = ownName
        self.logger = logger
    }

    /// The other nodes, in the order of their names; `nil` until they were listed once.
    package var others: [ClusterNode]? {
        guard reflector.hasSynced else { return nil }
        return reflector.objects.values.filter { $0.name != ownName }.sorted { $0.name < $1.name }
    }

    /// This node as the others see it; `nil` until it is there.
    package var own: ClusterNode? { reflector.object(ObjectKey(namespace: "", name: ownName)) }

    /// The ranges of the other nodes' pods, as of the last call of `changed`: `nil` before the first one, none while they cannot be listed.
    package var otherRanges: [String]? { ranges.withLock { $0 } }

    /// Watches until cancelled, and calls `changed` after every change, and once when the first list has failed.
    package func run(changed: @escaping @Sendable () async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.reflector.run() }
            group.addTask {
                await self.reflector.waitForFirstList()
                self.reportRefusal()
                guard !self.reflector.hasSynced else { return }
                self.ranges.withLock { $0 = $0 ?? [] }
                await changed()
            }
            for await _ in reflector.updates() {
                let latest = (others ?? []).flatMap(\.podRanges)
                ranges.withLock { if $0 != latest { $0 = latest } }
                await changed()
            }
        }
    }

    /// A node's role is enough for its own object only, at some control planes. Names the role that has all of them.
    private func reportRefusal() {
        guard !reflector.hasSynced, reflector.failure?.isForbidden == true else { return }
        logger.error(
            """
            No routes lead to the pods of other nodes, and without clusterCIDR they see this node's address instead of a pod's, because this identity \
            may not list Nodes; give it the role system:node-proxier
            """,
            metadata: ["try": "kubectl create clusterrolebinding swiftlet-services --clusterrole=system:node-proxier --group=system:nodes"])
    }
}
