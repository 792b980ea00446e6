import KubeModel
import Timing

/// The containers of a pod in the order of their starts: init containers one after the other, then the regular ones.
struct ContainerSequence: Sendable {
    /// Init containers in order, then regular ones.
    private(set) var records: [ContainerRecord]
    /// A regular container was made in the present sandbox. From here on, init containers and sidecars hold the others back no longer.
    private var isInitialized = false
    /// Exits reported before the start that they belong to, by container id.
    private var earlyExits: [String: EarlyExit] = [:]

    private struct EarlyExit: Sendable {
        let exit: ContainerExit
        let message: String?
    }

    init(_ spec: PodSpec, maxRestartPause: Duration) {
        let initial = (spec.initContainers ?? []).map { ContainerRecord(name: $0.name, role: .initial, maxRestartPause: maxRestartPause) }
        records = initial + spec.containers.map { ContainerRecord(name: $0.name, role: .regular, maxRestartPause: maxRestartPause) }
    }

    /// Nothing runs, and nothing is under way that could still make a container run. A pull may go on: its result is not waited for.
    var isQuiet: Bool { !records.contains { $0.isAlive } }

    /// Whether a container of the pod was ever made.
    var hasBegun: Bool { records.contains { $0.wasCreated } }

    /// Every container has ended and none is to run again.
    func isFinished(_ rules: RestartRules) -> Bool {
        if records.contains(where: { $0.isUnderWay }) { return false }
        if records.contains(where: { $0.role == .initial && !rules.isSidecar($0) && rules.hasFailedForGood($0) }) { return true }
        return records.filter { $0.role == .regular }.allSatisfy { $0.ended != nil && !rules.mayRun($0) }
    }

    // MARK: Events

    /// - Parameter isInSandbox: the pod has a sandbox in which containers may run.
    mutating func receive(
        _ event: ContainerRecord.Event, of name: String, isInSandbox: Bool, at now: Moment, into decision: inout Decision
    ) {
        guard let index = records.firstIndex(where: { $0.name == name }) else { return }
        let wasStarting = records[index].isStarting
        records[index].receive(event, at: now, into: &decision)
        if wasStarting, event.makesContainer, isInSandbox, records[index].role == .regular { isInitialized = true }
    }

    mutating func exited(_ id: String, _ exit: ContainerExit, message: String?, at now: Moment, into decision: inout Decision) {
        if let index = records.firstIndex(where: { $0.running?.id == id }) {
            records[index].receive(.exited(exit, message: message), at: now, into: &decision)
        } else if records.contains(where: { $0.isStarting }) {
            earlyExits[id] = EarlyExit(exit: exit, message: message)
        }
    }

    mutating func signalFailed(_ id: String, _ signal: StopSignal, _ message: String, at now: Moment, into decision: inout Decision) {
        guard let index = records.firstIndex(where: { $0.running?.id == id }) else { return }
        records[index].receive(.signalFailed(signal, message: message), at: now, into: &decision)
    }

    /// Takes out an exit reported before its start, now that the container runs.
    mutating func takeEarlyExit() -> PodEvent? {
        for record in records {
            guard let id = record.running?.id, let early = earlyExits.removeValue(forKey: id) else { continue }
            return .containerExited(id: id, early.exit, message: early.message)
        }
        return nil
    }

    // MARK: Sandboxes

    /// The sandbox is gone: every container in it has ended.
    mutating func endWithSandbox(at now: Moment, into decision: inout Decision) {
        for index in records.indices {
            guard let running = records[index].running else { continue }
            let exit = ContainerExit(startedAt: running.startedAt, finishedAt: now.wall, exitCode: 137, isKnown: false)
            records[index].receive(.exited(exit, message: "The container could not be located: its sandbox is gone"), at: now, into: &decision)
        }
    }

    /// Begins with the first init container again, in another sandbox.
    /// - Returns: false when the pod may run only once and has begun to: it is over.
    mutating func startOver(_ rules: RestartRules) -> Bool {
        isInitialized = false
        guard !hasBegun || records.contains(where: rules.mayRunInAnotherSandbox) else { return false }
        for index in records.indices where records[index].role == .initial { records[index].forgetCompletion() }
        return true
    }

    // MARK: Decisions

    /// Each container waits until those before it are on their way or have failed. Once there was a regular container, the sidecars count as regular:
    /// a sidecar that does not come up holds no container back.
    mutating func decide(in place: ContainerPlace, at now: Duration, into decision: inout Decision) {
        let rules = RestartRules(spec: place.pod.spec)
        for index in records.indices where records[index].role == .initial {
            let record = records[index]
            let isDone = rules.isSidecar(record) ? record.isStarted : isInitialized || record.ended?.exitCode == 0
            if isDone { continue }
            let isOnItsWay = run(index, in: place, rules, at: now, into: &decision)
            if isOnItsWay || !isInitialized { return }
        }
        for index in records.indices where records[index].role == .regular {
            if run(index, in: place, rules, at: now, into: &decision) { return }
        }
    }

    private mutating func run(
        _ index: Int, in place: ContainerPlace, _ rules: RestartRules, at now: Duration, into decision: inout Decision
    ) -> Bool {
        guard rules.mayRun(records[index]) else { return false }
        return records[index].decide(in: place, at: now, into: &decision)
    }

    /// Stops the regular containers and init containers first, all at once; then sidecars one by one against the order of their starts.
    mutating func decideStop(
        deadline: Duration, sandboxID: String, _ rules: RestartRules, at now: Duration, into decision: inout Decision
    ) {
        let alive = records.indices.filter { records[$0].isAlive }
        let ordinary = alive.filter { !rules.isSidecar(records[$0]) }
        for index in ordinary.isEmpty ? alive.suffix(1) : ordinary[...] {
            records[index].decideStop(deadline: deadline, sandboxID: sandboxID, at: now, into: &decision)
        }
    }

    // MARK: Recovery

    /// Takes over the statuses of a pod that is over.
    mutating func adopt(_ status: PodStatus?) {
        for index in records.indices {
            if let known = status?.container(named: records[index].name) { records[index].adopt(known) }
        }
    }

    /// Takes over the containers of an earlier agent, from the runtime's records, and from the API server's status where it knows more: a container
    /// that could not be started leaves no record, and the records end with the boot.
    /// - Parameters:
    ///   - sandboxes: in the order of their making.
    ///   - live: the one in which the pod goes on.
    ///   - isEnding: the pod was over already, and its statuses were taken over.
    mutating func adopt(
        _ sandboxes: [RecoveredSandbox], live: RecoveredSandbox?, status: PodStatus?, isEnding: Bool, at now: Moment, lastLogs: [String: Int],
        message: (ContainerConfiguration) -> String?
    ) {
        isInitialized = live?.containers.contains { $0.configuration.role == .regular && $0.condition != .neverStarted } == true
        for index in records.indices {
            let name = records[index].name
            let all = sandboxes.flatMap(\.containers).filter { $0.configuration.name == name }
            if all.isEmpty { records[index].lastLog = lastLogs[name] }
            let found = all.filter { $0.condition != .neverStarted }.sorted { $0.configuration.restartCount < $1.configuration.restartCount }
            let known = status?.container(named: name)
            if !records[index].adopt(found, known: known, at: now, message: message), !isEnding, let known,
                known.containerID != nil || known.lastState.terminated != nil
            {
                records[index].adoptLost(known, at: now)
            }
            // The end of an init container in an earlier sandbox does not count in this one.
            if let live, records[index].role == .initial, !isInitialized, let ended = records[index].ended,
                !Self.happened(ended, in: live, of: sandboxes)
            {
                records[index].forgetCompletion()
            }
        }
    }

    /// By the container's record. A container that could not be started has none, only a time in whole seconds.
    private static func happened(_ ended: EndedContainer, in live: RecoveredSandbox, of all: [RecoveredSandbox]) -> Bool {
        if let owner = all.first(where: { $0.containers.contains { $0.configuration.id == ended.id } }) {
            return owner.configuration.id == live.configuration.id
        }
        return ended.finishedAt.map { $0.seconds >= live.createdAt.seconds } ?? false
    }
}
