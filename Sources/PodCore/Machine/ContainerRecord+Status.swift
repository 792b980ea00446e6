package import KubeModel
import Timing

extension ContainerRecord {
    /// Takes over what the API server remembers of a container of a pod that is over.
    mutating func adopt(_ status: ContainerStatus) {
        restartCount = status.restartCount
        if let terminated = status.state.terminated {
            state = .ended(status.ended(terminated))
        } else if let waiting = status.state.waiting {
            state = .waiting(reason: waiting.reason, message: waiting.message)
        }
        last = status.lastState.terminated.map(status.ended)
    }

    /// The same of a container of a pod that goes on. This node has no trace of it: what ran, ended in a way that nobody saw.
    mutating func adoptLost(_ status: ContainerStatus, at now: Moment) {
        adopt(status)
        if let running = status.state.running {
            let id = ContainerStatus.bareID(status.containerID)
            let terminated = ContainerState.Terminated(
                exitCode: 137, reason: "ContainerStatusUnknown", message: "The container could not be located after the node's restart",
                startedAt: running.startedAt, finishedAt: now.wall, containerID: id)
            state = .ended(Ended(id: id, imageID: status.imageID, terminated: terminated, monotonic: now.monotonic))
        } else if let waiting = status.state.waiting, let ended = last {
            // It was waiting for its next start.
            state = .ended(ended)
            last = nil
            showWaiting(reason: waiting.reason ?? "ContainerCreating", message: waiting.message)
        }
    }
}

extension ContainerStatus {
    /// The ends that it tells of, the latest first.
    var ends: [ContainerRecord.Ended] { [state.terminated, lastState.terminated].compactMap { $0 }.map(ended) }

    fileprivate func ended(_ terminated: ContainerState.Terminated) -> ContainerRecord.Ended {
        ContainerRecord.Ended(
            id: Self.bareID(terminated.containerID ?? containerID), imageID: imageID, terminated: terminated, monotonic: .zero)
    }

    /// Without the runtime's name: `swiftlet://id` is `id`.
    package static func bareID(_ id: String?) -> String {
        id.flatMap { $0.split(separator: "/").last.map(String.init) } ?? ""
    }
}

extension PodStatus {
    /// What it says of an init container or a regular one.
    package func container(named name: String) -> ContainerStatus? {
        ((initContainerStatuses ?? []) + (containerStatuses ?? [])).first { $0.name == name }
    }
}
