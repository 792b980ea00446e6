import CLinux
import KubeModel
import LinuxSystem
import PodCore
import ShimClient

/// A shim's answer to the question for everything it knows.
struct ShimReport: Sendable, Equatable {
    enum Container: Sendable, Equatable {
        case starting
        case running(StartedContainer)
        /// `nil` if the shim has no readable record of the exit.
        case exited(ContainerExit?)

        var hasExited: Bool { if case .exited = self { true } else { false } }
    }

    /// The sandbox has its pause process.
    var sandboxRuns: Bool
    var containers: [String: Container] = [:]
    /// The ids of the execs that run.
    var execs: Set<String> = []
}

extension ShimReport {
    /// - Throws: if the shim refused, or its answer has no state of the sandbox.
    init(_ reply: ShimMessage) throws(RuntimeFailure) {
        if let refusal = reply.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        guard let state = reply.sandboxState else { throw RuntimeFailure(.internal, "the shim's answer has no state") }
        sandboxRuns = UInt32(state.state) == SWL_STATE_RUNNING.rawValue
        for (id, state) in reply.containerStates { containers[id] = Container(id, state) }
        execs = reply.runningExecs
    }
}

extension ShimReport.Container {
    fileprivate init(_ id: String, _ state: swl_container_state) {
        switch swl_state(UInt32(state.state)) {
        case SWL_STATE_RUNNING: self = .running(StartedContainer(id, state.process))
        case SWL_STATE_EXITED: self = .exited(state.exit.magic == SWL_EXIT_MAGIC ? ContainerExit(state.exit) : nil)
        default: self = .starting
        }
    }
}

extension StartedContainer {
    init(_ id: String, _ process: swl_process) {
        self.init(id: id, pid: process.pid, startedAt: Timestamp(unixNanoseconds: process.started_at))
    }
}
