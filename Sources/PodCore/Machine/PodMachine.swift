package import KubeModel

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
    package internal(set) var nextWake: Duration?

    package init(pod: Pod, startTime: Timestamp) {
        self.pod = pod
        self.startTime = pod.status?.startTime ?? startTime
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
        for index in containers.indices {
            let name = containers[index].name
            let statuses = (pod.status?.initContainerStatuses ?? []) + (pod.status?.containerStatuses ?? [])
            guard let status = statuses.first(where: { $0.name == name }) else { continue }
            containers[index].adopt(status)
        }
    }
}

extension ContainerRecord {
    /// Takes over what the API server remembers of a container that this node does not know any more.
    mutating func adopt(_ status: ContainerStatus) {
        restartCount = status.restartCount
        let id = status.containerID.flatMap { $0.split(separator: "/").last.map(String.init) } ?? ""
        if let terminated = status.state.terminated {
            state = .ended(Ended(id: id, imageID: status.imageID, terminated: terminated, monotonic: .zero))
        } else if let waiting = status.state.waiting {
            state = .waiting(reason: waiting.reason, message: waiting.message)
        }
        if let terminated = status.lastState.terminated {
            let lastID = terminated.containerID.flatMap { $0.split(separator: "/").last.map(String.init) } ?? ""
            last = Ended(id: lastID, imageID: status.imageID, terminated: terminated, monotonic: .zero)
        }
    }
}
