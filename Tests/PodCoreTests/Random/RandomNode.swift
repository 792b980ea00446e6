import KubeModel
import TestSupport
import Timing

@testable import PodCore

/// A pod's machine on a node that answers late, in any order, and not always with success. Notes what the machine must never do.
struct RandomNode {
    private(set) var machine: PodMachine
    private(set) var violations: [String] = []
    private var history: [(time: Duration, what: any Sendable)] = []
    private(set) var launches = 0
    private var now = Moment(wall: Timestamp(seconds: 1_800_000_000), monotonic: .zero)
    private var random: SeededGenerator
    /// Actions without a result so far.
    private var waiting: [PodAction] = []
    /// Running containers: names by id.
    private var running: [String: String] = [:]
    private var sandboxID: String?
    private var reported: PodStatus?
    private var failures = true
    /// Hooks that were run: each runs once for each container.
    private var hooks: Set<String> = []
    private var changes = 0
    private var cgroups = RandomCgroups()

    /// Events and actions, for a seed that fails.
    var trace: String { history.map { "\($0.time) \($0.what)" }.joined(separator: "\n") }

    init(_ pod: Pod, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        machine = PodMachine(pod: pod, startTime: now.wall)
        decide()
    }

    // MARK: Any order

    /// Lets something happen.
    mutating func step() {
        switch Int.random(in: 0..<24, using: &random) {
        case 0..<11: answerOne()
        case 11..<14: exitOne()
        case 14: endSandbox()
        case 15: deliver(.containerExited(id: "stray", exit(0), message: nil))
        case 16: deliver(.sandboxEnded(id: "stray"))
        case 17: deliver(.objectsChanged)
        case 18: deliver(.networkReady)
        case 19: if random.oneIn(3) { changePod() }
        case 20: resizePod()
        case 21: deliver(.roomFreed)
        default: pass()
        }
    }

    /// Changes an image, or adds an ephemeral container, as clients may.
    private mutating func changePod() {
        var pod = machine.pod
        changes += 1
        if random.oneIn(2) {
            pod.spec.containers[0].image = "b\(changes)"
        } else {
            pod.spec.ephemeralContainers = (pod.spec.ephemeralContainers ?? []) + [Container(name: "e\(changes)", image: "b")]
        }
        deliver(.updated(pod))
    }

    private mutating func resizePod() {
        var pod = machine.pod
        pod.metadata.generation = (pod.metadata.generation ?? 0) + 1
        for index in pod.spec.containers.indices where random.oneIn(2) {
            pod.spec.containers[index].resources = RandomCgroups.resources(using: &random)
        }
        deliver(.updated(pod))
    }

    private mutating func review(_ request: ResizeRequest) {
        let verdicts: [ResizeVerdict] =
            failures ? [.fits, .fits, .deferred(reason: "OutOfcpu", message: "no"), .infeasible(message: "never"), .unknown] : [.fits]
        deliver(.resizeReviewed(request, verdicts.randomElement(using: &random) ?? .fits))
    }

    private mutating func apply(_ plan: ResizePlan) {
        let isWhole = !failures || random.oneIn(2)
        let count = isWhole ? plan.steps.count : Int.random(in: 0...plan.steps.count, using: &random)
        guard plan.sandboxID == sandboxID else { return deliver(.resizeApplied(plan.outcome(after: 0, .interrupted))) }
        violations += cgroups.apply(plan.steps.prefix(count))
        deliver(.resizeApplied(plan.outcome(after: count, isWhole ? .done : random.oneIn(3) ? .interrupted : .failed(message: "no"))))
    }

    private mutating func answerOne() {
        guard let index = waiting.indices.randomElement(using: &random) else { return pass() }
        answer(waiting.remove(at: index))
    }

    private mutating func answer(_ action: PodAction) {
        if failures, random.oneIn(5) { fail(action) } else { perform(action) }
    }

    private mutating func perform(_ action: PodAction) {
        switch action {
        case .mountVolume(let name): deliver(.volumeMounted(name: name, path: "/v/\(name)"))
        case .refreshVolumes: deliver(.volumesRefreshed(next: random.oneIn(2) ? now.wall.advanced(bySeconds: 60) : nil))
        case .createSandbox(let attempt):
            let id = "s\(attempt)"
            sandboxID = id
            cgroups.make(sandbox: id)
            let started = StartedSandbox(id: id, pausePID: 1, networkNamespacePath: "", createdAt: now.wall)
            deliver(.sandboxCreated(started, addresses: ["10.0.0.2"]))
        case .ensureImage(let container): deliver(.imageReady(container: container, PodLife.image))
        case .startContainer(let name, _, _, let sandbox, _): start(name, in: sandbox)
        case .stopContainer(let id, _, let signal):
            if signal == .kill || !failures || random.oneIn(2) { end(id) }
        case .runHook(let hook, _, let id, _, _):
            deliver(.hookEnded(containerID: id, hook, failures && random.oneIn(3) ? .failed(message: "no") : .done))
        case .probe(let kind, _, let id, _):
            deliver(.probed(containerID: id, kind, failures && random.oneIn(3) ? .failure(message: "no") : .success(warning: nil)))
        case .reviewResize(let request): review(request)
        case .applyResize(let plan): apply(plan)
        case .stopSandbox(let id):
            if id == sandboxID { sandboxID = nil }
            deliver(.sandboxStopped)
        case .removeSandbox(let id): deliver(.sandboxRemoved(id: id))
        case .cleanUp, .removeSandboxes, .removeRemains: deliver(.cleanedUp)
        case .removeContainer, .record: break
        }
    }

    private mutating func start(_ name: String, in sandbox: String) {
        guard sandbox == sandboxID || random.oneIn(2) else {
            return deliver(.containerFailed(container: name, ContainerProblem(.sandboxGone, message: "gone")))
        }
        launches += 1
        let id = "c\(launches)"
        if failures, random.oneIn(6) {
            // The exit overtakes the start.
            deliver(.containerExited(id: id, exit(1), message: nil))
        } else if sandbox == sandboxID {
            running[id] = name
            cgroups.start(name)
        }
        let started = StartedContainer(id: id, pid: 2, startedAt: now.wall)
        deliver(.containerStarted(container: name, started, sandboxID: sandbox, imageID: "b@sha256:1"))
    }

    private mutating func fail(_ action: PodAction) {
        switch action {
        case .mountVolume(let name): deliver(.volumeFailed(name: name, VolumeFailure(.system, "no")))
        case .createSandbox(let attempt):
            if random.oneIn(2) {
                let id = "s\(attempt)"
                sandboxID = id
                return deliver(.sandboxFailed(message: "no", remains: id))
            }
            let events: [PodEvent] = [.sandboxFailed(message: "no"), .devicesMissing(message: "no"), .networkMissing]
            deliver(events.randomElement(using: &random) ?? .networkMissing)
            if random.oneIn(2) { deliver(.networkReady) }
        case .ensureImage(let container):
            let reason: WaitingReason = random.oneIn(2) ? .errImagePull : .invalidImageName
            deliver(.imageFailed(container: container, ImageProblem(reason: reason, message: "no")))
        case .startContainer(let name, let count, _, let sandboxID, _):
            let kinds: [ContainerProblem.Kind] = [.configuration, .create, .start(id: "x\(name)\(count)", sandboxID: sandboxID, imageID: "b")]
            deliver(.containerFailed(container: name, ContainerProblem(kinds.randomElement(using: &random) ?? .create, message: "no")))
        case .stopContainer(let id, _, let signal): deliver(.signalFailed(containerID: id, signal, message: "no"))
        case .stopSandbox: deliver(.sandboxStopFailed(message: "no"))
        case .cleanUp, .removeSandboxes, .removeRemains: deliver(.cleanUpFailed(message: "no"))
        case .refreshVolumes, .runHook, .reviewResize, .applyResize: perform(action)
        case .probe(let kind, _, let id, _): deliver(.probed(containerID: id, kind, .unknown(message: "no")))
        case .removeSandbox, .removeContainer, .record: break
        }
    }

    private mutating func exitOne() {
        guard let id = running.keys.sorted().randomElement(using: &random) else { return }
        end(id)
    }

    private mutating func end(_ id: String) {
        guard let name = running.removeValue(forKey: id) else { return }
        cgroups.end(name)
        deliver(.containerExited(id: id, exit(random.oneIn(2) ? 0 : 1), message: nil))
    }

    private mutating func endSandbox() {
        guard let id = sandboxID else { return }
        sandboxID = nil
        running = [:]
        cgroups = RandomCgroups()
        deliver(.sandboxEnded(id: id))
    }

    private func exit(_ code: Int) -> ContainerExit { ContainerExit(startedAt: nil, finishedAt: now.wall, exitCode: code) }

    private mutating func pass() {
        let pause = [Duration.milliseconds(100), .seconds(1), .seconds(30), .seconds(400)].randomElement(using: &random) ?? .seconds(1)
        move(to: random.oneIn(2) ? max(machine.nextWake ?? .zero, now.monotonic) : now.monotonic + pause)
    }

    private mutating func move(to time: Duration) {
        now = Moment(wall: now.wall.advanced(bySeconds: (time - now.monotonic).components.seconds), monotonic: time)
        violations += QuietProbes.differences(afterWaitOf: machine, reported, at: now)
        decide()
    }

    // MARK: The end

    /// Lets the node obey, with room for everything, until nothing of a resize is left. False when it never ends.
    mutating func settle() -> Bool {
        failures = false
        deliver(.networkReady)
        for _ in 0..<500 where machine.resize.isPending || machine.resize.progress != nil {
            if machine.isEnding { return true }
            if !waiting.isEmpty {
                answer(waiting.removeFirst())
            } else if machine.resize.review.step == .infeasible {
                resizePod()
            } else if let wake = machine.nextWake {
                move(to: max(wake, now.monotonic))
            } else {
                return false
            }
        }
        let running = machine.containers.filter { $0.running != nil }.map(\.name)
        violations += cgroups.differences(from: machine.allocatedPod.spec, running: running, hasSandbox: machine.sandbox.readyID != nil)
        return !machine.resize.isPending && machine.resize.progress == nil
    }

    /// Deletes the pod and lets the node obey. True when nothing of the pod is left in the end.
    mutating func delete(grace: Int64) -> Bool {
        failures = false
        var pod = machine.pod
        pod.metadata.deletionTimestamp = now.wall.advanced(bySeconds: grace)
        pod.metadata.deletionGracePeriodSeconds = grace
        deliver(.updated(pod))
        for _ in 0..<500 where !machine.isGone {
            if !waiting.isEmpty {
                answer(waiting.removeFirst())
            } else if machine.mayDeleteFromAPI {
                deliver(.removed)
            } else if let wake = machine.nextWake {
                move(to: max(wake, now.monotonic))
            } else {
                return false
            }
        }
        return machine.isGone && running.isEmpty
    }

    // MARK: The machine

    private mutating func deliver(_ event: PodEvent) {
        history.append((now.monotonic, event))
        violations += QuietProbes.differences(after: event, of: machine, reported, at: now)
        let before = machine
        machine.receive(event, at: now)
        violations += Transitions.illegal(from: before, to: machine)
        decide()
        if let exit = machine.takeEarlyExit() { deliver(exit) }
    }

    private mutating func decide() {
        let before = machine
        let actions = machine.decide(at: now)
        violations += Transitions.illegal(from: before, to: machine)
        if let wake = machine.nextWake, wake <= now.monotonic { violations.append("a wake at \(wake), which is not later than now") }
        for action in actions {
            history.append((now.monotonic, action))
            cgroups.note(action, machine.allocatedPod.spec)
            check(action)
            if case .record = action { continue }
            waiting.append(action)
        }
        let status = machine.status(hostIPs: [], previous: reported, at: now)
        if reported?.phase?.isTerminal == true, status.phase != reported?.phase { violations.append("the phase goes back to \(status.phase as Any)") }
        for container in status.allContainerStatuses {
            let earlier = reported?.container(named: container.name)?.restartCount ?? 0
            if container.restartCount < earlier { violations.append("the restart count of \(container.name) goes back from \(earlier)") }
        }
        reported = status
    }

    private mutating func check(_ action: PodAction) {
        switch action {
        case .startContainer(let name, _, _, _, _):
            if running.values.contains(name) { violations.append("\(name) is started while it runs") }
            if isWaiting(for: { if case .applyResize = $0 { true } else { false } }) { violations.append("\(name) starts beside a resize") }
            if isWaiting(for: { if case .startContainer(name, _, _, _, _) = $0 { true } else { false } }) {
                violations.append("\(name) is started twice at once")
            }
        case .createSandbox:
            if sandboxID != nil { violations.append("a second sandbox beside \(sandboxID ?? "")") }
            if isWaiting(for: { if case .createSandbox = $0 { true } else { false } }) { violations.append("two sandboxes are made at once") }
        case .stopSandbox:
            if !running.isEmpty { violations.append("the sandbox is stopped while containers run in it") }
            if waiting.contains(action) { violations.append("the sandbox is stopped twice at once") }
        case .cleanUp:
            if sandboxID != nil { violations.append("volumes and addresses are given back while there is a sandbox") }
            if waiting.contains(.refreshVolumes) { violations.append("volumes are given back while their files are written") }
        case .reviewResize:
            if isWaiting(for: { if case .reviewResize = $0 { true } else { false } }) { violations.append("a resize is reviewed twice at once") }
        case .applyResize(let plan):
            if isWaiting(for: { if case .applyResize = $0 { true } else { false } }) { violations.append("a resize is applied twice at once") }
            if isWaiting(for: { if case .startContainer = $0 { true } else { false } }) { violations.append("a container starts beside a resize") }
            if plan.steps.isEmpty { violations.append("a resize without a step is applied") }
        case .mountVolume, .refreshVolumes:
            if waiting.contains(action) { violations.append("a volume is mounted, or all are brought up to date, twice at once") }
        case .runHook(let hook, _, let id, _, _):
            if !hooks.insert("\(hook) \(id)").inserted { violations.append("the \(hook) hook of \(id) is run twice") }
        case .probe:
            if waiting.contains(action) { violations.append("a probe is run twice at once") }
        case .ensureImage, .stopContainer, .removeContainer, .removeSandbox, .removeSandboxes, .removeRemains, .record: break
        }
    }

    private func isWaiting(for isMeant: (PodAction) -> Bool) -> Bool { waiting.contains(where: isMeant) }
}
