import PodCore
import Timing

/// The life of a sandbox and its shim: events go in, actions come out.
///
/// The shim outlives the agent, so an ended connection says nothing about the shim: it is pursued until it answers again or its process has
/// ended. Only then is the sandbox lost, and everything in it is killed, because no process supervises it any more.
struct SandboxMachine: Sendable {
    enum State: Sendable, Equatable {
        /// Being made or recovered. Next: running, stopping.
        case beginning(Beginning)
        /// Next: running with another link, lost, stopping.
        case running(Link)
        /// The shim has ended by itself, or the sandbox could not be stopped. Next: stopping.
        case lost(Ending)
        /// Next: stopped, lost.
        case stopping(Ending)
        /// No process is left. Next: stopping, since a stop may be repeated.
        case stopped(Ending)
    }

    struct Beginning: Sendable, Equatable {
        /// The sandbox's folder was made by this agent: only then may a failed creation remove it.
        var ownsDirectory = false
        /// Exits that arrived before it was known of which containers.
        var earlyExits: [String: ContainerExit] = [:]
        var pauseHasEnded = false
    }

    enum Link: Sendable, Equatable {
        case connected
        case pursued(Pursuit)
    }

    /// The attempts to get an answer from a shim whose connection ended or that does not answer.
    struct Pursuit: Sendable, Equatable {
        var pause = BackOff(initial: .milliseconds(20), maximum: .seconds(10))
        /// The execs whose exits may have been missed.
        var execs: Set<String>
        var isLogged = false
    }

    struct Ending: Sendable, Equatable {
        /// `sandboxEnded` was reported. It is reported again whenever the pod wants something of the sandbox.
        var isReported = false
    }

    let id: String
    var state = State.beginning(Beginning())
    var containers: [String: SandboxContainer] = [:]
    private(set) var execs: Set<String> = []

    init(id: String) { self.id = id }

    // MARK: Events

    mutating func handle(_ event: SandboxEvent) -> [SandboxAction] {
        switch event {
        case .connectionEnded: pursue()
        case .shimAlive: askAgain()
        case .shimExited: lose()
        case .shimAnswered(let report, let isConnected): catchUp(report, isConnected: isConnected)
        case .shimSilent: waitAgain()
        case .pauseEnded: pauseEnded()
        case .containerExited(let id, let exit): exited(id, exit, reportedByShim: true)
        case .exitRead(let id, let exit): exited(id, exit, reportedByShim: false)
        case .execExited(let id, let exit): end(exec: id, .success(exit))
        case .killed: killed()
        case .endReported: endReported()
        case .stopAsked: stop()
        case .stopFailed: stopFailed()
        case .emptied: emptied()
        }
    }

    // MARK: The shim

    private mutating func pursue() -> [SandboxAction] {
        guard case .running(.connected) = state else { return [] }
        let (pursuit, actions) = Self.pursuit(execs: execs, isAsked: false)
        state = .running(.pursued(pursuit))
        return actions
    }

    /// A pursuit with its first step.
    /// - Parameter isAsked: a question is on its way already.
    static func pursuit(execs: Set<String>, isAsked: Bool) -> (pursuit: Pursuit, actions: [SandboxAction]) {
        var pursuit = Pursuit(execs: execs)
        let step: SandboxAction.Pursuit = isAsked ? .awaitAnswer : .waitForExit(pursuit.pause.next())
        return (pursuit, [.pursue(step)])
    }

    private mutating func waitAgain() -> [SandboxAction] {
        changePursuit { pursuit in [.pursue(.waitForExit(pursuit.pause.next()))] }
    }

    private mutating func askAgain() -> [SandboxAction] {
        let running = execs
        return changePursuit { pursuit in
            // A connection brings the exits only of the execs that were asked for through it.
            pursuit.execs.formUnion(running)
            defer { pursuit.isLogged = true }
            return (pursuit.isLogged ? [] : [.log(.shimIsSilent)]) + [.pursue(.ask)]
        }
    }

    private mutating func changePursuit(_ change: (inout Pursuit) -> [SandboxAction]) -> [SandboxAction] {
        guard case .running(.pursued(var pursuit)) = state else { return [] }
        let actions = change(&pursuit)
        state = .running(.pursued(pursuit))
        return actions
    }

    /// Takes the events that were missed out of the shim's answer.
    private mutating func catchUp(_ report: ShimReport, isConnected: Bool) -> [SandboxAction] {
        guard case .running(.pursued(var pursuit)) = state else { return [] }
        var actions: [SandboxAction] = []
        for id in containers.keys.sorted() { actions += catchUp(id, report.containers[id]) }
        actions += endUnknown(report)
        for id in pursuit.execs.subtracting(report.execs).sorted() {
            actions += end(
                exec: id, .failure(RuntimeFailure(.internal, "the command ended while its pod's shim did not answer; its exit code is lost")))
        }
        actions.append(.log(.shimAnswersAgain))
        if !report.sandboxRuns { actions += pauseEnded() }
        if isConnected {
            state = .running(.connected)
        } else {
            actions.append(.pursue(.waitForExit(pursuit.pause.next())))
            state = .running(.pursued(pursuit))
        }
        return actions
    }

    private mutating func catchUp(_ id: String, _ seen: ShimReport.Container?) -> [SandboxAction] {
        let runs = seen.map { !$0.hasExited } ?? false
        switch containers[id]?.phase {
        case .running(let started)?:
            if runs { return [.compressLog(id)] }
            if case .exited(let exit?)? = seen { return [.compressLog(id)] + exited(id, exit, reportedByShim: false) }
            return [.compressLog(id), .fence(id), .readExit(id, started)]
        case .exited?, .neverStarted?: return runs ? [.fence(id)] : []
        // The launch itself gets the answer, or undoes the container.
        case .launching?, nil: return []
        }
    }

    /// Ends the shim's containers that this agent cannot manage: launched by an agent that ended meanwhile, given up, or without a record.
    func endUnknown(_ report: ShimReport) -> [SandboxAction] {
        report.containers.sorted { $0.key < $1.key }.filter { containers[$0.key] == nil }.flatMap { id, seen -> [SandboxAction] in
            seen.hasExited ? [.drop(id)] : [.fenceUnknown(id), .drop(id)]
        }
    }

    private mutating func lose() -> [SandboxAction] {
        guard case .running = state else { return [] }
        state = .lost(Ending())
        return [.log(.shimHasEnded), .killCgroups]
    }

    private mutating func killed() -> [SandboxAction] {
        switch state {
        case .lost, .stopping, .stopped: endEverything() + [.reportEnd]
        case .beginning, .running: []
        }
    }

    /// Without its pause process a sandbox has no network left for a new container: the shim ends the rest and itself.
    mutating func pauseEnded() -> [SandboxAction] {
        switch state {
        case .beginning(var beginning):
            // Noticed when the sandbox is made or found.
            beginning.pauseHasEnded = true
            state = .beginning(beginning)
            return []
        case .running: return [.log(.pauseHasEnded), .requestShutdown]
        case .lost, .stopping, .stopped: return []
        }
    }

    // MARK: The end

    private mutating func stop() -> [SandboxAction] {
        let before = state
        state = .stopping(ending)
        if case .stopped = before { return [.removeProcesses] }
        return [.shutDown, .removeProcesses]
    }

    private mutating func stopFailed() -> [SandboxAction] {
        state = .lost(ending)
        return []
    }

    private mutating func emptied() -> [SandboxAction] {
        state = .stopped(ending)
        return [.closeConnection] + endEverything()
    }

    private mutating func endReported() -> [SandboxAction] {
        switch state {
        case .lost: state = .lost(Ending(isReported: true))
        case .stopping: state = .stopping(Ending(isReported: true))
        case .stopped: state = .stopped(Ending(isReported: true))
        case .beginning, .running: break
        }
        return []
    }

    private var ending: Ending {
        switch state {
        case .lost(let ending), .stopping(let ending), .stopped(let ending): ending
        case .beginning, .running: Ending()
        }
    }

    /// Reports every exit not reported yet, because the shim was killed or its connection closed first.
    private mutating func endEverything() -> [SandboxAction] {
        var actions: [SandboxAction] = []
        for id in execs.sorted() {
            actions += end(exec: id, .failure(RuntimeFailure(.notRunning, "the sandbox has ended, and with it the program")))
        }
        for (id, container) in containers.sorted(by: { $0.key < $1.key }) {
            if case .running(let started) = container.phase { actions.append(.readExit(id, started)) }
        }
        return actions
    }

    // MARK: Execs

    /// Before the request: a short program's exit is reported right behind its start.
    mutating func begin(exec id: String) { execs.insert(id) }

    /// The result of an exec, unless it has one.
    mutating func end(exec id: String, _ result: Result<ContainerExit, RuntimeFailure>) -> [SandboxAction] {
        execs.remove(id) == nil ? [] : [.fulfilExec(id, result)]
    }

    /// Stops reporting this exec's exit. Returns false if it was already reported.
    mutating func forget(exec id: String) -> Bool { execs.remove(id) != nil }
}
