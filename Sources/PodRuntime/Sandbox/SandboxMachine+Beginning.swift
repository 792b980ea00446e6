import KubeModel
import LinuxSystem
import PodCore

/// How a sandbox comes to run: it was made, or an earlier agent left it.
extension SandboxMachine {
    var ownsDirectory: Bool {
        if case .beginning(let beginning) = state { beginning.ownsDirectory } else { true }
    }

    /// This agent made the sandbox's folder.
    mutating func takeDirectory() {
        guard case .beginning(var beginning) = state else { return }
        beginning.ownsDirectory = true
        state = .beginning(beginning)
    }

    /// The shim has answered that the pause process runs.
    /// - Throws: if the shim or the pause process has ended since; the sandbox is to be stopped then.
    mutating func made(isConnected: Bool) throws(RuntimeFailure) {
        guard case .beginning(let beginning) = state else { throw RuntimeFailure(.sandbox, "the new sandbox was stopped while it was made") }
        state = .running(.connected)
        guard isConnected else { throw RuntimeFailure(.sandbox, "the new shim has ended") }
        if beginning.pauseHasEnded { throw RuntimeFailure(.sandbox, "the new sandbox's pause process has ended at once") }
    }

    // MARK: Recovery

    /// The next step of a recovery.
    enum RecoveryStep: Sendable, Equatable {
        /// The shim has answered and holds the sandbox.
        case goOn(ShimReport)
        /// No answer: see which processes live.
        case look
        /// Shim and pause process live: the pod stays as it is, and the shim is pursued.
        case resume
        /// The sandbox has ended: end what is left of it, and report how its containers ended.
        case bury

        /// - Parameter answer: `nil` if the shim has not answered in time.
        init(answer: ShimReport?) {
            guard let answer else {
                self = .look
                return
            }
            self = answer.sandboxRuns ? .goOn(answer) : .bury
        }

        init(shimLives: Bool, pauseLives: Bool) { self = shimLives && pauseLives ? .resume : .bury }
    }

    /// The containers of which only the files are left, because the shim does not know them.
    static func unexplained(_ left: [ContainerConfiguration], by report: ShimReport) -> [String] {
        left.map(\.id).filter { report.containers[$0] == nil }
    }

    /// The shim has answered.
    /// - Parameter traces: of the containers that the answer lacks.
    /// - Returns: the actions; `containers` is how they were found.
    mutating func goOn(
        _ left: [ContainerConfiguration], _ report: ShimReport, _ traces: [String: ContainerTrace], isConnected: Bool, now: Timestamp
    ) -> (found: [SandboxContainer], actions: [SandboxAction]) {
        let found = left.map { container in
            let phase = Self.phase(report.containers[container.id], traces[container.id], now)
            return SandboxContainer(configuration: container, phase: phase)
        }
        var actions = found.filter { $0.phase == .neverStarted }.map { SandboxAction.fence($0.configuration.id) }
        let pauseHasEnded = if case .beginning(let beginning) = state { beginning.pauseHasEnded } else { false }
        actions += run(found, .connected)
        actions += endUnknown(report)
        if pauseHasEnded { actions += pauseEnded() }
        if !isConnected { actions += handle(.connectionEnded) }
        return (found, actions)
    }

    private static func phase(_ seen: ShimReport.Container?, _ trace: ContainerTrace?, _ now: Timestamp) -> SandboxContainer.Phase {
        switch seen {
        case .running(let started)?: return .running(started)
        case .exited(let exit)?: return .exited(exit ?? .unknown(nil, now: now))
        // No caller waits for this start any more: the pod starts the container again.
        case .starting?: return .neverStarted
        case nil:
            switch trace {
            case .exited(let exit)?: return .exited(exit)
            case .damaged?: return .exited(.unknown(nil, now: now))
            case .started?, ContainerTrace.none?, nil: return .neverStarted
            }
        }
    }

    /// The shim lives and does not answer: the containers are what their files say until it does.
    mutating func resume(
        _ left: [ContainerConfiguration], _ traces: [String: ContainerTrace], isAsked: Bool, now: Timestamp
    ) -> (found: [SandboxContainer], actions: [SandboxAction]) {
        let found = left.map { container in
            let phase: SandboxContainer.Phase =
                switch traces[container.id] {
                case .started(let started, _, isRunning: true)?: .running(started)
                case .exited(let exit)?: .exited(exit)
                case .damaged?: .exited(.unknown(nil, now: now))
                case .started?, ContainerTrace.none?, nil: .neverStarted
                }
            return SandboxContainer(configuration: container, phase: phase)
        }
        let fences = found.filter { if case .running = $0.phase { false } else { true } }.map { SandboxAction.fence($0.configuration.id) }
        let (pursuit, steps) = Self.pursuit(execs: execs, isAsked: isAsked)
        return (found, fences + run(found, .pursued(pursuit)) + steps)
    }

    /// The sandbox has ended: kills what is left, by pid and start time. The sandbox is to be stopped then.
    mutating func bury(
        _ left: [ContainerConfiguration], _ traces: [String: ContainerTrace], pause: ProcessIdentity?, now: Timestamp
    ) -> [SandboxAction] {
        var actions: [SandboxAction] = []
        for container in left {
            let phase: SandboxContainer.Phase
            switch traces[container.id] {
            case .started(let started, let process, _)?:
                actions.append(.kill(process))
                phase = .exited(.unknown(started, now: now))
            case .exited(let exit)?: phase = .exited(exit)
            case .damaged?: phase = .exited(.unknown(nil, now: now))
            case ContainerTrace.none?, nil: phase = .neverStarted
            }
            containers[container.id] = SandboxContainer(configuration: container, phase: phase)
            actions.append(.fulfilEnd(container.id))
        }
        return actions + (pause.map { [.kill($0)] } ?? [])
    }

    /// From here on the sandbox follows its events; exits that arrived while its containers were looked at are reported.
    private mutating func run(_ found: [SandboxContainer], _ link: Link) -> [SandboxAction] {
        guard case .beginning(let beginning) = state else { return [] }
        state = .running(link)
        return found.flatMap { container -> [SandboxAction] in
            let id = container.configuration.id
            containers[id] = container
            guard case .running = container.phase else { return [.fulfilEnd(id)] }
            return beginning.earlyExits[id].map { exited(id, $0, reportedByShim: false) } ?? []
        }
    }
}
