import KubeModel

extension PodMachine {
    func containerStatus(_ record: ContainerRecord, at now: Duration) -> ContainerStatus {
        let spec = pod.spec.container(named: record.name)
        var status = ContainerStatus(name: record.name, image: spec?.image ?? "")
        status.restartCount = record.restartCount
        status.volumeMounts = spec.flatMap(mountStatuses)
        if record.role != .ephemeral { status.started = record.isStarted }
        var lastEnd = record.last
        if let running = shownRunning(record, at: now) {
            status.state = .running(since: running.startedAt)
            status.containerID = Self.runtimePrefix + running.id
            status.image = running.image
            status.imageID = running.imageID
            if record.role != .ephemeral { status.started = running.isStarted }
            status.ready = running.isReady && hasReadiness(record)
            status.user = record.user
        } else if let end = record.ended {
            if !end.id.isEmpty { status.containerID = Self.runtimePrefix + end.id }
            status.imageID = end.imageID
            status.user = record.user
            if !isEnding, rules.mayRun(record), let waiting = record.shown?.waiting {
                status.state = .waiting(reason: waiting.reason.rawValue, message: waiting.message)
                lastEnd = end
            } else {
                status.state = .terminated(shown(end))
                status.ready = record.role == .initial && !rules.isSidecar(record) && end.exitCode == 0
            }
        } else {
            status.state = waitingState(record)
        }
        if let lastEnd { status.lastState = .terminated(shown(lastEnd)) }
        addResources(record, to: &status)
        return status
    }

    /// The container to show as running: the one that runs, or the one whose place the next one is about to take.
    private func shownRunning(_ record: ContainerRecord, at now: Duration) -> ShownContainer? {
        if let running = record.shownRunning { return running.asShown }
        guard let time = record.replacementNotice, time > now, !isEnding else { return nil }
        return record.shown?.replaced
    }

    /// Whether a running container counts for the pod's readiness.
    func hasReadiness(_ record: ContainerRecord) -> Bool { record.role == .regular || rules.isSidecar(record) }

    private static let runtimePrefix = "swiftlet://"
    /// Bytes of the termination messages of all of a pod's containers.
    private static let messagesLimit = 12 << 10

    private func shown(_ ended: EndedContainer) -> ContainerState.Terminated {
        var terminated = ended.terminated
        terminated.containerID = ended.id.isEmpty ? nil : Self.runtimePrefix + ended.id
        // Each container has an equal share, used or not.
        terminated.message = terminated.message?.cut(toBytes: Self.messagesLimit / containers.count)
        return terminated
    }

    /// The state of a container that was never made, or not in this sandbox.
    private func waitingState(_ record: ContainerRecord) -> ContainerState {
        let isInitializing = containers.contains { $0.role == .initial } && !containers.contains { $0.role == .regular && $0.wasCreated }
        if end.step >= .stoppingSandbox, record.role == .regular, !isInitializing {
            return .terminated(
                .init(
                    exitCode: 137, reason: TerminationReason.containerStatusUnknown.rawValue,
                    message: "The container could not be located when the pod was terminated"))
        }
        if !isEnding, let waiting = record.shown?.waiting { return .waiting(reason: waiting.reason.rawValue, message: waiting.message) }
        let isInOrder = record.role != .ephemeral && pod.spec.initContainers?.isEmpty == false
        let reason: WaitingReason = isInOrder ? .podInitializing : .containerCreating
        return .waiting(reason: reason.rawValue)
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
}

extension String {
    /// Returns the longest beginning of at most `limit` bytes of UTF-8. A position inside a character is rounded down.
    fileprivate func cut(toBytes limit: Int) -> String {
        utf8.count > limit ? String(self[..<utf8.index(startIndex, offsetBy: limit)]) : self
    }
}
