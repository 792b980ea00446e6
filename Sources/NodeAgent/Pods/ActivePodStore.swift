import KubeModel
import PodCore
import Synchronization

/// The active pods of this node. Their workers keep it current, always before a status that says so: a client that has seen the end of one pod
/// finds its place free.
final class ActivePodStore: Sendable {
    private let pods = Mutex(ActivePods())
    private let onFree: @Sendable () -> Void

    /// - Parameter onFree: called after each pod that has left its place or takes less room than before.
    init(onFree: @escaping @Sendable () -> Void) {
        self.onFree = onFree
    }

    var snapshot: ActivePods { pods.withLock { $0 } }

    func contains(_ uid: String) -> Bool { pods.withLock { $0.contains(uid) } }

    /// Takes a place for a pod, or the place that fits its changes.
    func take(_ pod: Pod) { update { $0.add(pod) } }

    /// Promises a pod the room for its other resources. Pods that are decided about later find it taken.
    func promise(_ resized: Pod) { update { $0.promise(resized) } }

    /// Takes the place of a pod that knows the answer to its resize.
    func settle(_ pod: Pod) { update { $0.settle(pod) } }

    func free(_ uid: String) {
        pods.withLock { $0.remove(uid) }
        onFree()
    }

    private func update(_ change: (inout ActivePods) -> Void) {
        let isLess = pods.withLock { pods in
            let before = pods.used
            change(&pods)
            return before.exceeds(pods.used)
        }
        if isLess { onFree() }
    }
}
