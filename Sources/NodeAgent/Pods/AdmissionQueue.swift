import KubeModel
import PodCore
import Timing

/// The pods that ask for a place on this node and have no worker yet.
struct AdmissionQueue {
    /// The end of other pods that a critical pod waits for.
    struct Preemption {
        /// The uids of the pods.
        let victims: Set<String>
        /// The pod does not wait any longer: a pod that cannot be ended must not keep it away for ever.
        let deadline: Duration
    }

    struct Entry {
        var pod: Pod
        let machine: PodMachine
        /// When the pod came.
        let arrival: Moment
        var preemption: Preemption?
    }

    private var entries: [String: Entry] = [:]

    subscript(uid: String) -> Entry? { entries[uid] }

    var isEmpty: Bool { entries.isEmpty }
    var pods: [Pod] { entries.values.map(\.pod) }

    /// The pods to decide about, in the order in which they get their places.
    var undecided: [String] {
        entries.filter { $0.value.preemption == nil }.sorted { Pod.isAdmittedBefore($0.value.pod, $1.value.pod) }.map(\.key)
    }

    /// The pods that wait for the end of others: their places are taken.
    var preempting: [Entry] { entries.values.filter { $0.preemption != nil } }

    /// The uids of the pods whose places are given away.
    var victims: Set<String> { preempting.reduce(into: []) { $0.formUnion($1.preemption?.victims ?? []) } }

    mutating func add(_ pod: Pod, _ machine: PodMachine, arrival: Moment) {
        entries[pod.uid] = Entry(pod: pod, machine: machine, arrival: arrival)
    }

    /// Returns whether the pod is here.
    mutating func update(_ pod: Pod) -> Bool {
        guard entries[pod.uid] != nil else { return false }
        entries[pod.uid]?.pod = pod
        return true
    }

    mutating func wait(_ uid: String, for preemption: Preemption) { entries[uid]?.preemption = preemption }

    mutating func remove(_ uid: String) -> Entry? { entries.removeWithRoom(uid) }
}
