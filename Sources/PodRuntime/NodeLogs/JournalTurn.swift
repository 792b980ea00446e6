import Glibc
import LinuxSystem
import Synchronization

/// A query's turn: a place among those that run at once, and the time in which all its programs have to end. It ends on
/// time whatever its reader does.
final class JournalTurn: Sendable {
    enum Phase: Sendable {
        case running
        /// Ended by its reader.
        case ended
        /// Ended because it took too long.
        case late
    }

    private struct State: Sendable {
        var phase = Phase.running
        var permit: Permit?
        var program: ChildProcess?
        var alarm: ReadinessLoop.Token?
    }

    let patience: Duration
    let deadline: ContinuousClock.Instant
    private let state: Mutex<State>

    init(_ permit: Permit, patience: Duration) throws(SystemError) {
        self.patience = patience
        deadline = .now + patience
        state = Mutex(State(permit: permit))
        let alarm = try ReadinessLoop.shared().schedule(after: patience) { [weak self] result in
            if case .failure(let reason) = result, reason.code == .timedOut { self?.end(.late) }
        }
        state.withLock { $0.alarm = alarm }
    }

    deinit { Self.cancel(state.withLock { $0.alarm }) }

    var phase: Phase { state.withLock { $0.phase } }

    /// Starts a program of this turn in place of the one before; of a turn that is over it is ended at once. Blocking.
    func start(_ request: ChildProcess.Request) throws(SystemError) -> ChildProcess {
        let child = try ChildProcess(request)
        let unwanted = state.withLock { state -> ChildProcess? in
            guard state.phase == .running else { return child }
            defer { state.program = child }
            return state.program
        }
        if let unwanted { Self.stop(unwanted) }
        return child
    }

    /// Only the first end counts.
    func end(_ phase: Phase) {
        let last = state.withLock { state -> State in
            defer { if state.phase == .running { state = State(phase: phase) } }
            return state
        }
        if let program = last.program { Self.stop(program) }
        Self.cancel(last.alarm)
    }

    /// Reaped here, because a reader that has stopped does not.
    private static func stop(_ program: ChildProcess) {
        try? program.signal(SIGKILL)
        Task { _ = try? await program.exitStatus() }
    }

    private static func cancel(_ alarm: ReadinessLoop.Token?) {
        if let alarm { try? ReadinessLoop.shared().cancel(alarm) }
    }
}
