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

    var finishedAt: Timestamp? {
        switch outcome {
        case .exited(let exit, _): exit.finishedAt
        case .notStarted(_, let time): time
        case .reported(let terminated): terminated.finishedAt
        }
    }
}
