package import KubeModel
package import Timing

extension PodMachine {
    /// The pod's status as the API server should show it.
    ///
    /// `previous` is the status that was last reported: transition times are kept from it where a condition did not change.
    package func status(hostIPs: [String], previous: PodStatus?, at now: Moment) -> PodStatus {
        var status = PodStatus(phase: reportedPhase(previous: previous?.phase))
        status.observedGeneration = pod.metadata.generation
        status.reason = verdict?.reason
        status.message = verdict?.message
        if verdict?.isRefusal == true {
            status.phase = pod.status?.phase?.isTerminal == true ? pod.status?.phase : .failed
            status.startTime = startTime
            status.qosClass = pod.spec.qosClass
            return status
        }
        status.hostIP = hostIPs.first
        status.hostIPs = hostIPs.isEmpty ? nil : hostIPs.map(AddressEntry.init)
        let podIPs = pod.spec.usesHostNetwork ? hostIPs : (isReadyToStart || teardown > .stoppingSandbox ? addresses : [])
        status.podIP = podIPs.first
        status.podIPs = podIPs.isEmpty ? nil : podIPs.map(AddressEntry.init)
        status.startTime = startTime
        let initial = containers.filter { $0.role == .initial }.map(containerStatus)
        // By name, as clients of kubelet expect them; init containers keep their order.
        let regular = containers.filter { $0.role == .regular }.map(containerStatus).sorted { $0.name < $1.name }
        status.initContainerStatuses = initial.isEmpty ? nil : initial
        status.containerStatuses = regular
        status.qosClass = pod.spec.qosClass
        status.resources = pod.spec.aggregateResources
        status.allocatedResources = status.resources?.requests
        let conditions = PodConditions(pod: pod, phase: phaseOfContainers, initial: initial, regular: regular, isReadyToStart: isReadyToStart).all()
        status.conditions = conditions.map { stamped($0, previous: previous, now) }
        return status
    }

    /// While a deleted pod's containers are being stopped, what was reported stands, as with kubelet: clients see the end, not its steps.
    package var holdsStatus: Bool { teardown == .stoppingContainers && isDeleting }

    private func stamped(_ condition: PodCondition, previous: PodStatus?, _ now: Moment) -> PodCondition {
        var condition = condition
        condition.observedGeneration = pod.metadata.generation
        let before = (previous ?? pod.status)?.conditions?.first { $0.type == condition.type }
        condition.lastTransitionTime = before?.status == condition.status ? before?.lastTransitionTime ?? now.wall : now.wall.wholeSeconds
        return condition
    }

    /// The sandbox has its network, and nothing else is missing before the first container can start.
    private var isReadyToStart: Bool {
        guard case .ready = sandbox else { return false }
        return volumesAreMounted || containers.contains { $0.wasCreated }
    }

    private func containerStatus(_ record: ContainerRecord) -> ContainerStatus {
        let spec = pod.spec.container(named: record.name)
        var status = ContainerStatus(name: record.name, image: spec?.image ?? "")
        status.restartCount = record.restartCount
        status.volumeMounts = spec.flatMap(mountStatuses)
        var lastEnd = record.last
        switch record.state {
        case .running(let running):
            status.state = .running(since: running.startedAt)
            status.containerID = Self.runtimePrefix + running.id
            status.imageID = running.imageID
            status.ready = record.role == .regular || isSidecar(record)
        case .ended(let ended):
            if !ended.id.isEmpty { status.containerID = Self.runtimePrefix + ended.id }
            status.imageID = ended.imageID
            if let waiting = shownInsteadOfEnd(record) {
                status.state = waiting
                lastEnd = ended
            } else {
                status.state = .terminated(shown(ended))
                status.ready = record.role == .initial && !isSidecar(record) && ended.terminated.exitCode == 0
            }
        case .waiting(let reason, let message):
            status.state = shownWaiting(record, reason: reason, message: message)
        }
        status.started = record.running != nil
        if record.running != nil || record.ended != nil { status.user = record.user }
        if let lastEnd { status.lastState = .terminated(shown(lastEnd)) }
        if record.wasCreated, let spec { addResources(spec, to: &status) }
        return status
    }

    private static let runtimePrefix = "swiftlet://"
    /// Bytes of the termination messages of all of a pod's containers.
    private static let messagesLimit = 12 << 10

    private func shown(_ ended: ContainerRecord.Ended) -> ContainerState.Terminated {
        var terminated = ended.terminated
        terminated.containerID = ended.id.isEmpty ? nil : Self.runtimePrefix + ended.id
        // Shared out evenly, however much the others have to say.
        terminated.message = terminated.message?.cut(toBytes: Self.messagesLimit / containers.count)
        return terminated
    }

    /// What an ended container is shown as while its next start is waited for.
    private func shownInsteadOfEnd(_ record: ContainerRecord) -> ContainerState? {
        guard teardown == .none, mayRestart(record) else { return nil }
        if let reason = record.shownReason { return .waiting(reason: reason, message: record.shownMessage) }
        if let problem = record.startProblem { return .waiting(reason: "RunContainerError", message: problem) }
        return nil
    }

    private func shownWaiting(_ record: ContainerRecord, reason: String?, message: String?) -> ContainerState {
        let isInitializing = containers.contains { $0.role == .initial } && !containers.contains { $0.role == .regular && $0.wasCreated }
        if teardown >= .stoppingSandbox, record.role == .regular, !isInitializing {
            return .terminated(
                .init(exitCode: 137, reason: "ContainerStatusUnknown", message: "The container could not be located when the pod was terminated"))
        }
        if let reason, teardown == .none { return .waiting(reason: reason, message: message) }
        return .waiting(reason: pod.spec.initContainers?.isEmpty == false ? "PodInitializing" : "ContainerCreating")
    }

    private func mountStatuses(_ container: Container) -> [VolumeMountStatus]? {
        guard let mounts = container.volumeMounts, !mounts.isEmpty else { return nil }
        return mounts.map {
            VolumeMountStatus(
                name: $0.name, mountPath: $0.mountPath, readOnly: $0.readOnly,
                recursiveReadOnly: $0.readOnly == true
                    ? ($0.recursiveReadOnly == nil || $0.recursiveReadOnly == "Disabled" ? "Disabled" : "Enabled") : nil)
        }
    }

    private func addResources(_ container: Container, to status: inout ContainerStatus) {
        status.resources = ResourceRequirements(limits: container.resources?.limits, requests: container.resources?.requests)
        status.allocatedResources = container.resources?.requests
    }
}

extension String {
    /// The longest beginning that takes no more than this as UTF-8; a position inside a character is rounded down.
    fileprivate func cut(toBytes limit: Int) -> String {
        utf8.count > limit ? String(self[..<utf8.index(startIndex, offsetBy: limit)]) : self
    }
}
