package import KubeModel
import Timing

/// One pod on this node as a value: what is wanted of it, what is known of it, and from both what to do next.
///
/// Use: ``receive(_:at:)`` each event, then perform every action of ``decide(at:)`` once and come back at ``nextWake``.
/// Nothing here waits, reads a clock or touches the node.
package struct PodMachine: Sendable {
    package enum Sandbox: Sendable, Hashable {
        case absent(retryAt: Duration?)
        case creating
        case ready(id: String, addresses: [String])
        /// Its pause process is gone; what is left of it must be stopped before a new one is made.
        case lost(id: String, isStopping: Bool)
        /// Stopped for good, in the course of the pod's end. `addresses` stay in the status.
        case stopped(addresses: [String])
    }

    package enum VolumeState: Sendable, Hashable {
        case wanted
        case mounting
        case mounted(path: String)
        case failed(retryAt: Duration)
    }

    /// The steps of a pod's end, in order.
    package enum Teardown: Int, Sendable, Comparable {
        case none
        case stoppingContainers
        case stoppingSandbox
        case cleaningUp
        /// The pod holds nothing but its records and logs.
        case cleanedUp
        case removingSandboxes
        /// Nothing but logs is left: the API object may be deleted.
        case removable
        case removingRemains
        case gone

        package static func < (lhs: Teardown, rhs: Teardown) -> Bool { lhs.rawValue < rhs.rawValue }
    }

    /// `status.reason` and `status.message` of a pod that is over.
    struct Verdict: Sendable, Hashable {
        let reason: String?
        let message: String?
        /// Nothing was ever made for it: its status has nothing else to say.
        let isRefusal: Bool
    }

    package internal(set) var pod: Pod
    package internal(set) var sandbox = Sandbox.absent(retryAt: nil)
    package internal(set) var volumes: [String: VolumeState]
    /// Init containers in order, then regular ones.
    package internal(set) var containers: [ContainerRecord]
    package internal(set) var teardown = Teardown.none
    /// When the agent first saw the pod: `status.startTime`.
    package let startTime: Timestamp
    /// The pod is no longer in the API.
    package internal(set) var isRemoved = false
    /// A regular container was made in the present sandbox.
    var isInitialized = false
    /// Its sandbox is gone, and the pod may have no other.
    var isOver = false
    /// Why the pod is over, where its containers do not tell.
    var verdict: Verdict?
    /// Actions to emit with the next decision, caused by events.
    var pending: [PodAction] = []
    /// The last delay before a volume was tried again; doubles with each failure.
    var volumeDelays: [String: Duration] = [:]
    var sandboxAttempt = 0
    /// Ends that were told before the start they belong to.
    var earlyExits: [String: (ContainerExit, String?)] = [:]
    var sandboxBackOff = BackOff(initial: .seconds(1), maximum: .seconds(60))
    /// Sandboxes whose records are still on disk.
    package internal(set) var knownSandboxes: [String] = []
    /// When a failed step of the teardown is tried again.
    var teardownRetryAt: Duration?
    var teardownIsUnderWay = false
    /// When the teardown's containers were first told to stop.
    var stopBegan: Duration?
    /// The deletion is older than this agent's knowledge of the pod: an earlier one has begun with it.
    let wasDeleting: Bool
    package internal(set) var nextWake: Duration?

    package init(pod: Pod, startTime: Timestamp) {
        self.pod = pod
        self.startTime = pod.status?.startTime ?? startTime
        wasDeleting = pod.metadata.deletionTimestamp != nil
        let initial = (pod.spec.initContainers ?? []).map { ContainerRecord(name: $0.name, role: .initial) }
        containers = initial + pod.spec.containers.map { ContainerRecord(name: $0.name, role: .regular) }
        volumes = [:]
        for name in pod.spec.usedVolumeNames { volumes[name] = .wanted }
        if pod.status?.phase?.isTerminal == true { adoptTerminalStatus() }
    }

    package var identity: PodIdentity { PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid) }

    package var isDeleting: Bool { isRemoved || pod.metadata.deletionTimestamp != nil }

    /// The final status is known and nothing is held any more: the API object may go.
    package var mayDeleteFromAPI: Bool { teardown == .removable && pod.metadata.deletionTimestamp != nil && !isRemoved }

    /// Nothing is left to do, ever.
    package var isGone: Bool { teardown == .gone }

    package var volumesAreMounted: Bool {
        volumes.values.allSatisfy { if case .mounted = $0 { true } else { false } }
    }

    package var addresses: [String] {
        switch sandbox {
        case .ready(_, let addresses), .stopped(let addresses): addresses
        case .absent, .creating, .lost: []
        }
    }

    package func mountedPath(ofVolume name: String) -> String? {
        if case .mounted(let path) = volumes[name] { return path }
        return nil
    }

    func index(ofContainer name: String) -> Int? {
        containers.firstIndex { $0.name == name }
    }

    var restartPolicy: RestartPolicy { pod.spec.restartPolicy ?? .always }

    func isSidecar(_ record: ContainerRecord) -> Bool {
        record.role == .initial && pod.spec.container(named: record.name)?.restartPolicy == .always
    }

    /// A pod that was over before this agent knew it is not started again.
    private mutating func adoptTerminalStatus() {
        teardown = .stoppingContainers
        sandbox = .stopped(addresses: pod.status?.podIPs?.map(\.ip) ?? [])
        verdict = Verdict(reason: pod.status?.reason, message: pod.status?.message, isRefusal: pod.status?.containerStatuses?.isEmpty != false)
        for index in containers.indices {
            if let status = pod.status?.container(named: containers[index].name) { containers[index].adopt(status) }
        }
    }

    /// This node does not take the pod: it has failed, and nothing is made for it.
    package mutating func refuse(_ refusal: PodRefusal) {
        verdict = Verdict(reason: refusal.reason, message: "Pod was rejected: \(refusal.message)", isRefusal: true)
        pending.append(.record(PodEventRecord(.warning, refusal.reason, refusal.message)))
    }
}
