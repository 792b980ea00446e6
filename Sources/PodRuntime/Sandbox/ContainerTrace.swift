import CLinux
import KubeModel
import LinuxSystem
import PodCore
import ShimClient

/// A container by the files that its shim wrote, for when the shim cannot be asked.
enum ContainerTrace: Sendable, Equatable {
    /// There is no file.
    case none
    /// It was started; `isRunning` is false if the start was never finished.
    case started(StartedContainer, process: ProcessIdentity, isRunning: Bool)
    case exited(ContainerExit)
    /// A file cannot be read: the container has run and ended, with an unknown exit.
    case damaged

    /// Blocking.
    /// - Throws: if a file is damaged.
    static func read(_ id: String, at paths: ContainerPaths) throws(RuntimeFailure) -> ContainerTrace {
        if let exit = try ContainerStateFile.exit(at: paths.exit) { return .exited(ContainerExit(exit)) }
        guard let state = try ContainerStateFile.container(at: paths.state) else { return .none }
        return .started(
            StartedContainer(id, state.process),
            process: ProcessIdentity(pid: state.process.pid, startTime: state.process.start_time),
            isRunning: UInt32(state.state) == SWL_STATE_RUNNING.rawValue)
    }
}
