package import KubeModel

/// The pod to end for a shortage, and the words about it.
package struct EvictionChoice: Sendable {
    package let pod: Pod
    package let eviction: PodEviction

    /// Chooses among the pods of the node; `nil` if none may be ended.
    /// - Parameters:
    ///   - exceeded: the exceeded thresholds; the first one is to be relieved.
    ///   - usage: by uid.
    package init?(
        among pods: [Pod], usage: [String: PodUsage], exceeded: [EvictionThreshold], _ room: NodeRoom, _ rules: EvictionRules
    ) {
        guard let target = exceeded.first,
            let pod = EvictionRanking(target.signal, room.layout).victims(among: pods, usage).first
        else { return nil }
        self.pod = pod
        let message = EvictionMessage(target.signal.resource, exceeded, room).text(about: pod, usage[pod.uid])
        eviction = .shortage(message, graceLimit: rules.grace(for: target, podGrace: pod.spec.terminationGracePeriodSeconds))
    }
}
