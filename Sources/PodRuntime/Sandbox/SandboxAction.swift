import LinuxSystem
import PodCore

/// An action that the life of a sandbox asks for.
enum SandboxAction: Sendable, Equatable {
    /// A step of the pursuit of a shim. Each gives an event, and is the last of its list of actions.
    enum Pursuit: Sendable, Equatable {
        /// Gives `shimExited` or `shimAlive`.
        case waitForExit(Duration)
        /// Connects anew and asks for everything. Gives `shimAnswered` or `shimSilent`.
        case ask
        /// Waits for the answer to a question asked before. Gives `shimAnswered` or `shimSilent`.
        case awaitAnswer
    }

    enum Message: Sendable, Equatable {
        /// The shim does not answer, its process is alive.
        case shimIsSilent
        case shimAnswersAgain
        case shimHasEnded
        case pauseHasEnded
    }

    case log(Message)
    case pursue(Pursuit)
    /// Asks the shim to end its containers, the pause process and itself, without waiting for that; kills the shim if it refuses.
    case requestShutdown
    /// The same, and waits until the shim has ended.
    case shutDown
    /// Kills the processes that are left and removes cgroups and mounts. Together with `shutDown` gives `emptied` or `stopFailed`.
    case removeProcesses
    /// Kills every process of the sandbox by its cgroups. Gives `killed`.
    case killCgroups
    /// Kills one process, identified by pid and start time.
    case kill(ProcessIdentity)
    /// Ends a container and removes its cgroup, so that a launch still on its way cannot start it.
    case fence(String)
    /// The same for a container of the shim that this agent does not know.
    case fenceUnknown(String)
    /// The shim forgets an ended container.
    case drop(String)
    /// Reads how a container ended that has no process left. Gives `exitRead`.
    case readExit(String, StartedContainer)
    case compressLog(String)
    case reportExit(String, ContainerExit)
    case reportEnd
    case closeConnection
    /// Fulfils the promise that a container has ended.
    case fulfilEnd(String)
    /// Fulfils the promise of an exec's result.
    case fulfilExec(String, Result<ContainerExit, RuntimeFailure>)
}
