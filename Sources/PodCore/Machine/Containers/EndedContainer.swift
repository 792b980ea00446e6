package import KubeModel

/// A container that has ended, or whose program could not be executed.
package struct EndedContainer: Sendable, Hashable {
    package enum Outcome: Sendable, Hashable {
        /// `message` is the termination message.
        case exited(ContainerExit, message: String?)
        /// The program could not be executed.
        case notStarted(message: String, at: Timestamp)
        /// The end as the API server remembers it, from an earlier agent.
        case reported(ContainerState.Terminated)
    }

    /// Empty where the API server does not remember it.
    package let id: String
    package let imageID: String
    package let outcome: Outcome
    /// When this agent learned of the end, on its monotonic clock. The restart back-off counts from here.
    let endedAt: Duration

    /// The exit code of a container whose program could not be executed, as runtimes report it.
    static let notStartedExitCode = 128

    package var exitCode: Int {
        switch outcome {
        case .exited(let exit, _): exit.exitCode
        case .notStarted: Self.notStartedExitCode
        case .reported(let terminated): terminated.exitCode
        }
    }

    /// It was killed for the sake of another one's restart rule.
    var isByRestartOfAll: Bool {
        guard case .reported(let terminated) = outcome else { return false }
        return terminated.reason == WaitingReason.restartingAllContainers.rawValue
    }

    /// The end of a container that was killed for the sake of another one's restart rule, in the words and with the exit code of kubelet.
    var asRestartedWithAll: EndedContainer {
        guard case .exited(let exit, _) = outcome else { return self }
        let terminated = ContainerState.Terminated(
            exitCode: 137, reason: WaitingReason.restartingAllContainers.rawValue, message: WaitingReason.restartingAllMessage,
            startedAt: exit.startedAt, finishedAt: exit.finishedAt)
        return EndedContainer(id: id, imageID: imageID, outcome: .reported(terminated), endedAt: endedAt)
    }

    var startedAt: Timestamp? {
        switch outcome {
        case .exited(let exit, _): exit.startedAt
        case .notStarted: nil
        case .reported(let terminated): terminated.startedAt
        }
    }

    var finishedAt: Timestamp? {
        switch outcome {
        case .exited(let exit, _): exit.finishedAt
        case .notStarted(_, let time): time
        case .reported(let terminated): terminated.finishedAt
        }
    }
}
