import KubeModel
import PodCore

/// A container of a sandbox, as far as this agent knows it.
struct SandboxContainer: Sendable, Equatable {
    enum Phase: Sendable, Equatable {
        /// Its exit may arrive before the answer that it has started. Next: running, exited, or removed.
        case launching(exit: ContainerExit?)
        /// Next: exited.
        case running(StartedContainer)
        /// Next: removed.
        case exited(ContainerExit)
        /// Launched by an earlier agent, which ended before the start was reported. Next: removed.
        case neverStarted
    }

    var configuration: ContainerConfiguration
    var phase: Phase
}

extension SandboxContainer {
    /// The container as the agent learns it after a restart.
    var recovered: RecoveredSandbox.Container {
        let condition: RecoveredSandbox.ContainerCondition =
            switch phase {
            case .running(let started): .running(started)
            case .exited(let exit): .exited(exit)
            case .launching, .neverStarted: .neverStarted
            }
        return RecoveredSandbox.Container(configuration: configuration, condition: condition)
    }
}

extension ContainerExit {
    /// The exit of a container whose end nothing recorded: 137, Kubernetes' own guess.
    static func unknown(_ started: StartedContainer?, now: Timestamp) -> ContainerExit {
        ContainerExit(startedAt: started?.startedAt, finishedAt: now, exitCode: 137, signal: 9, isKnown: false)
    }
}
