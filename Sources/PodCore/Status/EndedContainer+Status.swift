import KubeModel

extension EndedContainer {
    /// The end as a container status shows it, without the container's id.
    var terminated: ContainerState.Terminated {
        switch outcome {
        case .exited(let exit, let message):
            return ContainerState.Terminated(
                exitCode: exit.exitCode, reason: TerminationReason(exit).rawValue,
                message: message ?? (exit.isKnown ? nil : "The container could not be located: nobody saw how it ended"),
                startedAt: exit.startedAt, finishedAt: exit.finishedAt)
        case .notStarted(let message, let time):
            return ContainerState.Terminated(
                exitCode: exitCode, reason: TerminationReason.startError.rawValue, message: message, startedAt: time, finishedAt: time)
        case .reported(let terminated):
            return terminated
        }
    }

    /// Whether the program was executed.
    var hasRun: Bool {
        switch outcome {
        case .exited: true
        case .notStarted: false
        case .reported(let terminated): terminated.reason != TerminationReason.startError.rawValue
        }
    }
}
