package import KubeModel
import MetricsStore
package import PodCore
import Timing

/// One pod's serial worker: feeds its machine, hands the actions to the job queue and the status to the writer.
package actor PodWorker {
    package struct Surroundings: Sendable {
        let runner: ActionRunner
        let statuses: StatusWriter
        let mirrors: MirrorIndex
        let tasks: OwnedTasks
        let wakes: WakeQueue<String>
        let time: any TimeSource
        let hostIPs: @Sendable () -> [String]
        let activePods: ActivePodStore
        let ends: PodEndWatch
        let memory: NodeMemory?
        /// Looks for room for a pod with the resources that it asks for, and with those that it has.
        let review: @Sendable (_ desired: Pod, _ allocated: Pod) async -> ResizeVerdict
        /// Called once, when nothing is left of the pod.
        let onGone: @Sendable (PodIdentity) async -> Void
    }

    private enum Place {
        case none
        case taken
        /// A pod that is over is never active again.
        case free
    }

    private var machine: PodMachine
    private let surroundings: Surroundings
    private var reported: PodStatus?
    private var hasAskedForDeletion = false
    private var place = Place.none
    /// Of the pod in the API that the status was last written to.
    private var uidInAPI: String?
    /// Instead of the machine's, where an earlier agent has begun with the pod.
    private var startTime: Timestamp?
    /// How the pod's probes have gone.
    private(set) var probes = ProbeTallies()
    private var beginning: PodStart

    init(_ machine: PodMachine, _ surroundings: Surroundings, arrival: Moment) {
        self.machine = machine
        self.surroundings = surroundings
        reported = machine.pod.status
        beginning = PodStart(arrived: arrival.wall, isNew: machine.pod.status?.startTime == nil && machine.knownSandboxes.isEmpty)
    }

    package var pod: Pod {
        var pod = machine.pod
        pod.status = reported
        return pod
    }

    package var state: PodMachine { machine }

    /// Returns at once, unless the worker is held up.
    func answer() {}

    /// Feeds an event to the machine, and begins the actions that follow.
    func handle(_ event: PodEvent) {
        if case .updated(let pod) = event, pod.metadata.generation != machine.pod.metadata.generation {
            surroundings.runner.metrics.countResizes(from: machine.pod.spec, to: pod.spec)
        }
        let now = surroundings.time.moment
        if machine.takeQuietly(event, at: now) { return surroundings.wakes.set(machine.identity.uid, at: machine.nextWake) }
        machine.receive(event, at: now)
        switch event {
        case .updated: takePlace { $0.take($1) }
        case .resizeReviewed: takePlace { $0.settle($1) }
        default: break
        }
        for request in step() { start(request) }
        switch event {
        case .updated(let pod):
            remember()
            if !pod.isStatic { restoreStatus(of: pod) }
        case .removed: remember()
        default: break
        }
        if let exit = machine.takeEarlyExit() { handle(exit) }
    }

    /// The API server has named a pod that was started from the node's memory. It gets the pod's status as it is now, unless it has it.
    func confirmed(by pod: Pod) {
        handle(.updated(pod))
        guard !machine.isRemoved, let reported, reported != pod.status else { return }
        submit(reported, deletes: false)
    }

    func wake() {
        if let probes = machine.beginProbes(at: surroundings.time.moment) {
            surroundings.wakes.set(machine.identity.uid, at: machine.nextWake)
            return begin(probes)
        }
        for request in step() { start(request) }
    }

    /// Has a waiting resize reviewed again. Returns when the answer is taken in, so that pods which wait for the same room are served in their order.
    func roomFreed() async {
        machine.receive(.roomFreed, at: surroundings.time.moment)
        for request in step() { await review(request) }
    }

    private func start(_ request: ResizeRequest) {
        surroundings.tasks.start { [self] in await review(request) }
    }

    private func review(_ request: ResizeRequest) async {
        var desired = machine.pod
        desired.spec = desired.spec.with(request.resources)
        let verdict = await surroundings.review(desired, machine.allocatedPod)
        guard !Task.isCancelled else { return }
        handle(.resizeReviewed(request, verdict))
    }

    /// A static pod's mirror pod is in the API. A mirror pod that is new gets the status.
    func shown(in mirror: Pod) {
        guard uidInAPI != mirror.uid else { return restoreStatus(of: mirror) }
        let wasShown = uidInAPI != nil
        uidInAPI = mirror.uid
        guard !wasShown, let status = mirror.status, let began = status.startTime, status.phase?.isTerminal != true else {
            if let reported { submit(reported, deletes: false) }
            return
        }
        // An earlier agent has written it: its times stay.
        startTime = began
        reported = status
        report(surroundings.time.moment)
    }

    /// Returns the resizes to be reviewed.
    private func step() -> [ResizeRequest] {
        let now = surroundings.time.moment
        let actions = machine.decide(at: now)
        if !actions.isEmpty { begin(actions) }
        if !machine.isGone { surroundings.wakes.set(machine.identity.uid, at: machine.nextWake) }
        report(now)
        if machine.holdsNothing { surroundings.ends.note(machine.identity.uid) }
        if machine.isGone {
            let identity = machine.identity
            surroundings.wakes.set(identity.uid, at: nil)
            surroundings.tasks.start { [surroundings] in await surroundings.onGone(identity) }
        }
        return actions.compactMap { if case .reviewResize(let request) = $0 { request } else { nil } }
    }

    private func begin(_ actions: [PodAction]) {
        let snapshot = PodSnapshot(machine)
        for action in actions {
            switch action {
            // At once, so that events keep their order.
            case .record(let record): surroundings.runner.events.record(record, about: machine.identity)
            case .reviewResize: break
            default:
                if case .ensureImage(let container) = action { beginning.imageWanted(container, at: surroundings.time.wallTime()) }
                surroundings.tasks.start { [self] in
                    let began = surroundings.time.now()
                    guard let event = await surroundings.runner.perform(action, snapshot), !Task.isCancelled else { return }
                    await handle(event, of: action, after: surroundings.time.now() - began)
                }
            }
        }
    }

    /// Takes the result of an action, and counts it.
    private func handle(_ event: PodEvent, of action: PodAction, after duration: Duration) {
        switch (action, event) {
        case (.probe(let kind, let container, _, _), .probed(_, _, let result)):
            probes.note(kind, of: container, result, seconds: duration.inSeconds)
        default:
            if case .ensureImage(let container) = action { beginning.imageSettled(container, at: surroundings.time.wallTime()) }
            let step = LabelValues.step(action, isEnding: machine.isEnding, hasStarted: reported?.phase == .running)
            surroundings.runner.metrics.observe(.podWorker, step, duration: duration)
        }
        handle(event)
    }

    /// Counts the pod's start once it is known how long it took.
    private func noteStart(_ status: PodStatus, at now: Moment) {
        let metrics = surroundings.runner.metrics
        let finding = beginning.receive(status, created: machine.pod.metadata.creationTimestamp, at: now.wall)
        if let running = finding.running { metrics.observe(.podStart, seconds: running) }
        if let total = finding.total { metrics.observe(.podStartTotal, seconds: total) }
        if let serviceLevel = finding.serviceLevel { metrics.observe(.podStartServiceLevel, seconds: serviceLevel) }
    }

    private func report(_ now: Moment) {
        guard !machine.isRemoved else { return freePlace() }
        var status: PodStatus
        if machine.holdsStatus, let reported, reported.observedGeneration == machine.pod.metadata.generation {
            status = machine.held(reported, at: now)
        } else {
            status = machine.status(hostIPs: surroundings.hostIPs(), previous: reported, at: now)
        }
        if let startTime { status.startTime = startTime }
        if status.phase?.isTerminal == true { freePlace() }
        let deletes = machine.mayDeleteFromAPI && !hasAskedForDeletion
        guard status != reported || deletes else { return }
        noteStart(status, at: now)
        reported = status
        remember()
        hasAskedForDeletion = hasAskedForDeletion || deletes
        submit(status, deletes: deletes)
    }

    /// A pod that is gone from the API goes on ending after a reboot too, however it was deleted. Static pods have their manifests.
    private func remember() {
        guard let memory = surroundings.memory, !machine.pod.isStatic, !machine.isGone else { return }
        var pod = self.pod
        if machine.isRemoved, pod.metadata.deletionTimestamp == nil { pod.metadata.deletionTimestamp = surroundings.time.wallTime().wholeSeconds }
        memory.remember(pod, isNew: !machine.isRemoved)
    }

    /// The status of a static pod without a mirror pod waits until it has one.
    private func submit(_ status: PodStatus, deletes: Bool) {
        guard let identity = surroundings.mirrors.identityInAPI(of: machine.pod) else { return }
        uidInAPI = identity.uid
        surroundings.statuses.submit(status, of: identity, deletes: deletes, isForced: machine.isDecidedInAPI)
    }

    /// Other clients may write the status too: while the node was silent, its running pods were marked as not ready. What clients wait for becomes as
    /// the node has it. A phase that ends the pod stays.
    private func restoreStatus(of pod: Pod) {
        guard !machine.isRemoved, !machine.isDecidedInAPI, let reported, let shown = pod.status, shown.phase?.isTerminal != true,
            let version = pod.metadata.version, StatusMilestones(shown) != StatusMilestones(reported),
            let identity = surroundings.mirrors.identityInAPI(of: machine.pod)
        else { return }
        surroundings.statuses.restore(reported, of: identity, insteadOf: shown, version: version)
    }

    private func takePlace(_ take: (ActivePodStore, Pod) -> Void) {
        guard place != .free, !machine.isRemoved, reported?.phase?.isTerminal != true else { return }
        place = .taken
        take(surroundings.activePods, machine.allocatedPod)
    }

    private func freePlace() {
        guard place == .taken else { return }
        place = .free
        surroundings.activePods.free(machine.identity.uid)
    }
}
