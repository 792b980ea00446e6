import KubeModel
import PodCore
import Synchronization

/// The active pods of this node. Their workers keep it current, always before a status that says so: a client that has seen the end of one pod
/// finds its place free.
final class ActivePodStore: Sendable {
    private let pods = Mutex(ActivePods())
    private let onFree: @Sendable () -> Void

    /// - Parameter onFree: called after each pod that has left its place.
    init(onFree: @escaping @Sendable () -> Void) {
        self.onFree = onFree
    }

    var snapshot: ActivePods { pods.withLock { $0 } }

    func contains(_ uid: String) -> Bool { pods.withLock { $0.contains(uid) } }

    /// Takes a place for a pod, or the place that fits its changes.
    func take(_ pod: Pod) { pods.withLock { $0.add(pod) } }

    func free(_ uid: String) {
        pods.withLock { $0.remove(uid) }
        onFree()
    }
}
