package import KubeModel
import Timing

extension ContainerRecord {
    /// Takes over what the API server remembers of a container of a pod that is over.
    mutating func adopt(_ status: ContainerStatus) {
        restartCount = status.restartCount
        last = status.lastState.terminated.map(status.ended)
        if let terminated = status.state.terminated {
            step = .idle(.init(end: status.ended(terminated)))
        } else if let waiting = status.state.waiting {
            step = .idle(.init(waiting: waiting.typed))
        }
    }

    /// Takes over what the API server remembers of a container of a pod that goes on, where this node has no trace of it: the end of a container
    /// that ran is unknown.
    mutating func adoptLost(_ status: ContainerStatus, at now: Moment) {
        adopt(status)
        if let running = status.state.running {
            endUnseen(ContainerStatus.bareID(status.containerID), imageID: status.imageID, startedAt: running.startedAt, at: now)
        } else if let waiting = status.state.waiting, let ended = last {
            // It was waiting for its next start.
            step = .idle(.init(end: ended, waiting: waiting.typed ?? .init(.containerCreating, waiting.message)))
            last = nil
        }
    }

    /// The container ran, and how it ended is unknown.
    private mutating func endUnseen(_ id: String, imageID: String, startedAt: Timestamp?, at now: Moment) {
        let exit = ContainerExit(startedAt: startedAt, finishedAt: now.wall, exitCode: 137, isKnown: false)
        let message = "The container could not be located after the node's restart"
        step = .idle(
            .init(end: EndedContainer(id: id, imageID: imageID, outcome: .exited(exit, message: message), endedAt: now.monotonic)))
    }

    /// Takes over that only a log is left of a container. One that runs only once has run.
    mutating func adopt(lastLog: Int?, at now: Moment) {
        self.lastLog = lastLog
        if lastLog != nil, role == .ephemeral { endUnseen("", imageID: "", startedAt: nil, at: now) }
    }

    /// Takes over what the runtime found.
    /// - Parameters:
    ///   - found: the records of this container, in the order of their restart counts; none of a launch without a start.
    ///   - spec: the container in the pod's spec.
    ///   - known: what the API server remembers.
    ///   - message: a container's termination message.
    /// - Returns: whether the records know as much as the API server; if not, nothing was taken over.
    mutating func adopt(
        _ found: [RecoveredSandbox.Container], spec: Container?, known: ContainerStatus?, at now: Moment,
        message: (ContainerConfiguration) -> String?
    ) -> Bool {
        guard let current = found.last, current.isRunning || current.configuration.restartCount >= known?.restartCount ?? 0 else { return false }
        restartCount = current.configuration.restartCount
        user = current.configuration.process.user
        image = current.configuration.image
        step = current.step(spec, known, at: now, message: message)
        if found.count > 1, let ended = found[found.count - 2].ended(at: now, message: message) {
            last = ended
        } else {
            last = known?.ends.first { $0.id != current.configuration.id }
        }
        return true
    }
}

extension RecoveredSandbox.Container {
    fileprivate var isRunning: Bool { if case .running = condition { true } else { false } }

    fileprivate func step(
        _ spec: Container?, _ known: ContainerStatus?, at now: Moment, message: (ContainerConfiguration) -> String?
    ) -> ContainerStep {
        if case .running(let started) = condition {
            // Hooks do not run again: the earlier agent has begun them.
            let isKnown = ContainerStatus.bareID(known?.containerID) == configuration.id
            let age = Duration.seconds(max(now.wall.seconds - started.startedAt.seconds, 0))
            let probes = ContainerProbes(
                spec, id: configuration.id, started: now.monotonic - age, known: isKnown ? known : nil, at: now.monotonic)
            return .running(
                RunningContainer(
                    id: configuration.id, image: configuration.image, imageID: configuration.imageID, startedAt: started.startedAt, probes: probes))
        }
        return .idle(.init(end: ended(at: now, message: message)))
    }

    fileprivate func ended(at now: Moment, message: (ContainerConfiguration) -> String?) -> EndedContainer? {
        guard case .exited(let exit) = condition else { return nil }
        return EndedContainer(
            id: configuration.id, imageID: configuration.imageID, outcome: .exited(exit, message: message(configuration)), endedAt: now.monotonic)
    }
}

extension ContainerState.Waiting {
    /// `nil` for a reason that is not Kubernetes'.
    fileprivate var typed: ContainerStep.Waiting? {
        reason.flatMap(WaitingReason.init).map { ContainerStep.Waiting($0, message) }
    }
}

extension ContainerStatus {
    /// The ends that the status reports, the latest first.
    fileprivate var ends: [EndedContainer] { [state.terminated, lastState.terminated].compactMap { $0 }.map(ended) }

    fileprivate func ended(_ terminated: ContainerState.Terminated) -> EndedContainer {
        EndedContainer(
            id: Self.bareID(terminated.containerID ?? containerID), imageID: imageID, outcome: .reported(terminated), endedAt: .zero)
    }

    /// The id without the runtime's name: `id` of `swiftlet://id`.
    package static func bareID(_ id: String?) -> String {
        id.flatMap { $0.split(separator: "/").last.map(String.init) } ?? ""
    }
}

extension PodStatus {
    /// The status of a container of any role.
    package func container(named name: String) -> ContainerStatus? {
        allContainerStatuses.first { $0.name == name }
    }
}
