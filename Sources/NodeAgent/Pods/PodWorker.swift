package import KubeModel
package import PodCore
import Timing

/// One pod's serial worker: feeds its machine, hands the actions to the job queue and the status to the writer.
package actor PodWorker {
    package struct Surroundings: Sendable {
        let runner: ActionRunner
        let statuses: StatusWriter
        let tasks: OwnedTasks
        let wakes: WakeQueue<String>
        let time: any TimeSource
        let hostIPs: @Sendable () -> [String]
        let activePods: ActivePodStore
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

    init(_ machine: PodMachine, _ surroundings: Surroundings) {
        self.machine = machine
        self.surroundings = surroundings
        reported = machine.pod.status
    }

    package var pod: Pod {
        var pod = machine.pod
        pod.status = reported
        return pod
    }

    package var state: PodMachine { machine }

    /// Feeds an event to the machine, and begins the actions that follow.
    func handle(_ event: PodEvent) {
        machine.receive(event, at: surroundings.time.moment)
        if case .updated = event { takePlace() }
        step()
        if let exit = machine.takeEarlyExit() { handle(exit) }
    }

    func wake() {
        step()
    }

    private func step() {
        let now = surroundings.time.moment
        let actions = machine.decide(at: now)
        if !actions.isEmpty { begin(actions) }
        if !machine.isGone { surroundings.wakes.set(machine.identity.uid, at: machine.nextWake) }
        report(now)
        if machine.isGone {
            let identity = machine.identity
            surroundings.wakes.set(identity.uid, at: nil)
            surroundings.tasks.start { [surroundings] in await surroundings.onGone(identity) }
        }
    }

    private func begin(_ actions: [PodAction]) {
        let snapshot = PodSnapshot(machine)
        for action in actions {
            if case .record(let record) = action {
                // At once, so that events keep their order.
                surroundings.runner.events.record(record, about: machine.identity)
                continue
            }
            surroundings.tasks.start { [self] in
                guard let event = await surroundings.runner.perform(action, snapshot), !Task.isCancelled else { return }
                await handle(event)
            }
        }
    }

    private func report(_ now: Moment) {
        guard !machine.isRemoved else { return freePlace() }
        let status: PodStatus
        if machine.holdsStatus, let reported, reported.observedGeneration == machine.pod.metadata.generation {
            status = machine.held(reported, at: now)
        } else {
            status = machine.status(hostIPs: surroundings.hostIPs(), previous: reported, at: now)
        }
        if status.phase?.isTerminal == true { freePlace() }
        let deletes = machine.mayDeleteFromAPI && !hasAskedForDeletion
        guard status != reported || deletes else { return }
        reported = status
        hasAskedForDeletion = hasAskedForDeletion || deletes
        surroundings.statuses.submit(status, of: machine.identity, deletes: deletes, isForced: machine.isDecidedInAPI)
    }

    private func takePlace() {
        guard place != .free, !machine.isRemoved, reported?.phase?.isTerminal != true else { return }
        place = .taken
        surroundings.activePods.take(machine.pod)
    }

    private func freePlace() {
        guard place == .taken else { return }
        place = .free
        surroundings.activePods.free(machine.identity.uid)
    }
}
