import KubeModel

/// The order in which static pods take over from each other: a pod waits until every pod of its name, or with its uid, is gone.
///
/// The snapshot of the manifests goes in, and the ends of pods; what to do comes out.
struct StaticHandOver: Sendable {
    enum Step: Sendable, Equatable {
        /// Run the pod, or go on with its new version.
        case store(Pod)
        /// The manifest is gone: end the pod.
        case end(Pod)
    }

    private struct Known: Sendable {
        let key: ObjectKey
        /// `nil` for a pod of an earlier agent whose manifest is not known.
        var pod: StaticPod?
    }

    /// Pods that run or end, by uid.
    private var known: [String: Known] = [:]
    private var ending: Set<String> = []
    private var waiting: [StaticPod] = []

    /// The pods that something runs of.
    var pods: [StaticPod] { known.values.compactMap(\.pod).sorted { $0.pod.key < $1.pod.key } }

    func isStatic(_ uid: String) -> Bool { known[uid] != nil }

    func uid(of key: ObjectKey) -> String? { known.first { $0.value.key == key }?.key }

    /// Notes a pod of an earlier agent that ends already.
    mutating func noteEnding(_ uid: String, _ key: ObjectKey) {
        known[uid] = Known(key: key)
        ending.insert(uid)
    }

    mutating func receive(_ snapshot: [StaticPod]) -> [Step] {
        var steps: [Step] = []
        for (uid, entry) in known.sorted(by: { $0.key < $1.key }) {
            guard let pod = entry.pod, !ending.contains(uid), !snapshot.contains(where: { $0.pod.uid == uid && $0.pod.key == entry.key }) else {
                continue
            }
            ending.insert(uid)
            steps.append(.end(pod.pod))
        }
        waiting = []
        for pod in snapshot {
            guard let entry = known[pod.pod.uid], !ending.contains(pod.pod.uid) else {
                waiting.append(pod)
                continue
            }
            guard entry.pod != pod else { continue }
            known[pod.pod.uid]?.pod = pod
            steps.append(.store(pod.pod))
        }
        return steps + admit()
    }

    mutating func gone(_ uid: String) -> [Step] {
        ending.remove(uid)
        return known.removeValue(forKey: uid) == nil ? [] : admit()
    }

    private mutating func admit() -> [Step] {
        var steps: [Step] = []
        var later: [StaticPod] = []
        for pod in waiting {
            guard known[pod.pod.uid] == nil, uid(of: pod.pod.key) == nil else {
                later.append(pod)
                continue
            }
            known[pod.pod.uid] = Known(key: pod.pod.key, pod: pod)
            steps.append(.store(pod.pod))
        }
        waiting = later
        return steps
    }
}
