package import KubeModel
package import PodCore
import Synchronization

/// Which mirror pod shows which static pod in the API. Statuses of static pods are written to their mirror pods, whose uids are the API server's.
package final class MirrorIndex: Sendable {
    private let mirrors = Mutex<[String: PodIdentity]>([:])

    package init() {}

    /// The pod's identity in the API: its own, or that of its mirror pod; `nil` for a static pod that has none yet.
    package func identityInAPI(of pod: Pod) -> PodIdentity? {
        guard pod.isStatic else { return PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid) }
        return mirrors.withLock { $0[pod.uid] }
    }

    /// The uid of the pod that runs here: a mirror pod's is replaced by its static pod's.
    package func uidOnNode(_ uid: String) -> String {
        mirrors.withLock { $0.first { $0.value.uid == uid }?.key } ?? uid
    }

    func set(_ mirror: Pod) {
        guard let uid = mirror.mirroredUID else { return }
        mirrors.withLock { $0[uid] = PodIdentity(namespace: mirror.namespace, name: mirror.name, uid: mirror.uid) }
    }

    func remove(_ mirror: Pod) {
        guard let uid = mirror.mirroredUID else { return }
        mirrors.withLock { if $0[uid]?.uid == mirror.uid { $0[uid] = nil } }
    }
}
