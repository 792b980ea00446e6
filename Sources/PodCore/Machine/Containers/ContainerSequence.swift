import KubeModel
import Timing

/// The containers of a pod in the order of their starts: init containers one after the other, then the regular ones. Ephemeral ones start at any time.
struct ContainerSequence: Sendable {
    /// Init containers in order, then regular ones, then ephemeral ones.
    var records: [ContainerRecord]
    /// A regular container was made in the present sandbox. From here on, init containers and sidecars hold the others back no longer.
    var isInitialized = false
    /// Exits reported before the start that they belong to, by container id.
    private var earlyExits: [String: EarlyExit] = [:]

    private struct EarlyExit: Sendable {
        let exit: ContainerExit
        let message: String?
    }

    init(_ spec: PodSpec, maxRestartPause: Duration) {
        let initial = (spec.initContainers ?? []).map { ContainerRecord(name: $0.name, role: .initial, maxRestartPause: maxRestartPause) }
        records = initial + spec.containers.map { ContainerRecord(name: $0.name, role: .regular, maxRestartPause: maxRestartPause) }
        addEphemeral(spec)
    }

    /// Takes over the ephemeral containers that the pod has been given since. None is ever taken away.
    mutating func addEphemeral(_ spec: PodSpec) {
        for container in spec.ephemeralContainers ?? [] where !records.contains(where: { $0.name == container.name }) {
            records.append(ContainerRecord(name: container.name, role: .ephemeral))
        }
    }

    /// Nothing runs, and nothing is under way that could still make a container run. A pull may go on: its result is not waited for.
    var isQuiet: Bool { !records.contains { $0.isAlive } }

    /// Whether a container of the pod was ever made, ephemeral ones aside.
    var hasBegun: Bool { records.contains { $0.role != .ephemeral && $0.wasCreated } }

    /// The end of a container makes all of them run again: those that run are ended first.
    func isRestartingAll(_ rules: RestartRules) -> Bool { records.contains(where: rules.restartsAll) }

    /// Every container has ended and none is to run again. Ephemeral ones do not count.
    func isFinished(_ rules: RestartRules) -> Bool {
        if isRestartingAll(rules) { return false }
        let counted = records.filter { $0.role != .ephemeral }
        if counted.contains(where: { $0.isUnderWay }) { return false }
        if counted.contains(where: { $0.role == .initial && !rules.isSidecar($0) && rules.hasFailedForGood($0) }) { return true }
        return counted.filter { $0.role == .regular }.allSatisfy { !$0.isAlive && $0.ended != nil && !rules.mayRun($0) }
    }

    // MARK: Events

    /// - Parameter madeInPresentSandbox: a start has made a container in the sandbox that the pod has now. The answer to a start may come late, when
    ///   there is another sandbox already, in which the init containers count anew.
    mutating func receive(
        _ event: ContainerRecord.Event, of name: String, madeInPresentSandbox: Bool, at now: Moment, into decision: inout Decision
    ) {
        guard let index = records.firstIndex(where: { $0.name == name }) else { return }
        let wasStarting = records[index].isStarting
        records[index].receive(event, at: now, into: &decision)
        if wasStarting, madeInPresentSandbox, records[index].role == .regular { isInitialized = true }
    }

    mutating func exited(_ id: String, _ exit: ContainerExit, message: String?, at now: Moment, into decision: inout Decision) {
        if let index = records.firstIndex(where: { $0.running?.id == id }) {
            records[index].receive(.exited(exit, message: message), at: now, into: &decision)
        } else if records.contains(where: { $0.isStarting }) {
            earlyExits[id] = EarlyExit(exit: exit, message: message)
        }
    }

    /// Takes an event of the running container of this id.
    mutating func receive(_ event: ContainerRecord.Event, ofRunning id: String, at now: Moment, into decision: inout Decision) {
        guard let index = records.firstIndex(where: { $0.running?.id == id }) else { return }
        records[index].receive(event, at: now, into: &decision)
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
        for record in records { if let id = record.running?.id { endWithSandbox(id, at: now, into: &decision) } }
    }

    /// A container has ended with its sandbox.
    mutating func endWithSandbox(_ id: String, at now: Moment, into decision: inout Decision) {
        guard let index = records.firstIndex(where: { $0.running?.id == id }), let running = records[index].running else { return }
        let exit = ContainerExit(startedAt: running.startedAt, finishedAt: now.wall, exitCode: 137, isKnown: false)
        records[index].receive(.exited(exit, message: "The container could not be located: its sandbox is gone"), at: now, into: &decision)
    }

    /// An init container whose end belongs to an earlier sandbox begins anew.
    mutating func forgetEnd(of name: String) {
        for index in records.indices where records[index].name == name && records[index].role == .initial { records[index].forgetCompletion() }
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
        if isRestartingAll(rules), !beginWithAll(in: place, rules, at: now, into: &decision) { return }
        for index in records.indices {
            records[index].decideRestart(in: place, rules, at: now, into: &decision)
            records[index].beginPostStart(sandboxID: place.sandboxID, into: &decision)
            records[index].probe(sandboxID: place.sandboxID, podEnds: false, at: now, into: &decision)
        }
        start(in: place, rules, at: now, into: &decision)
    }

    /// Begins the probes that are due, and nothing else.
    mutating func probe(sandboxID: String, at now: Duration, into decision: inout Decision) {
        for index in records.indices { records[index].probe(sandboxID: sandboxID, podEnds: false, at: now, into: &decision) }
    }

    /// Takes the result of a probe that changes nothing but the time of the probe's next run.
    /// - Returns: false when it changes more; nothing is changed then.
    mutating func takeQuietly(_ kind: ProbeKind, _ result: ProbeResult, ofRunning id: String, at now: Duration) -> Bool {
        guard let index = records.firstIndex(where: { $0.running?.id == id }) else { return false }
        return records[index].takeQuietly(kind, result, at: now)
    }

    var nextProbe: Duration? { records.compactMap { $0.shownRunning?.probes.nextRun }.min() }

    private mutating func start(in place: ContainerPlace, _ rules: RestartRules, at now: Duration, into decision: inout Decision) {
        for index in records.indices where records[index].role == .ephemeral {
            _ = run(index, in: place, rules, at: now, into: &decision)
        }
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

    /// Stops the containers: sidecars get their signals after the others, one by one against the order of their starts. All hooks begin at once.
    /// - Parameters:
    ///   - deadline: when the pod's grace period ends.
    ///   - hasTime: the grace period is long enough for hooks.
    mutating func decideStop(in place: ContainerPlace, deadline: Duration, hasTime: Bool, at now: Duration, into decision: inout Decision) {
        let rules = RestartRules(spec: place.pod.spec)
        let alive = records.indices.filter { records[$0].isAlive }
        let ordinary = alive.filter { !rules.isSidecar(records[$0]) }
        let turn = ordinary.isEmpty ? Array(alive.suffix(1)) : ordinary
        for index in alive {
            records[index].decideStop(
                in: place, deadline: deadline, hasTime: hasTime, isTurn: turn.contains(index), at: now, into: &decision)
            records[index].probe(sandboxID: place.sandboxID, podEnds: true, at: now, into: &decision)
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
    ///   - pod: with the status that the earlier agent reported.
    ///   - isEnding: the pod was over already, and its statuses were taken over.
    mutating func adopt(
        _ sandboxes: [RecoveredSandbox], live: RecoveredSandbox?, pod: Pod, isEnding: Bool, at now: Moment, lastLogs: [String: Int],
        message: (ContainerConfiguration) -> String?
    ) {
        isInitialized = live?.containers.contains { $0.configuration.role == .regular && $0.condition != .neverStarted } == true
        for index in records.indices {
            let name = records[index].name
            let all = sandboxes.flatMap(\.containers).filter { $0.configuration.name == name }
            if all.isEmpty { records[index].adopt(lastLog: lastLogs[name], at: now) }
            let found = all.filter { $0.condition != .neverStarted }.sorted { $0.configuration.restartCount < $1.configuration.restartCount }
            let known = pod.status?.container(named: name)
            let spec = pod.spec.container(named: name)
            if !records[index].adopt(found, spec: spec, known: known, at: now, message: message), !isEnding, let known,
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
        adoptRestartOfAll(RestartRules(spec: pod.spec))
    }

    /// By the container's record. A container that could not be started has none, only a time in whole seconds.
    private static func happened(_ ended: EndedContainer, in live: RecoveredSandbox, of all: [RecoveredSandbox]) -> Bool {
        if let owner = all.first(where: { $0.containers.contains { $0.configuration.id == ended.id } }) {
            return owner.configuration.id == live.configuration.id
        }
        return ended.finishedAt.map { $0.seconds >= live.createdAt.seconds } ?? false
    }
}
