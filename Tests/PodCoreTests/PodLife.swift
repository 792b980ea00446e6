import FoundationEssentials
import KubeModel
import Timing

@testable import PodCore

/// A pod's machine with a node that always obeys: performs actions at once, in simulated time, and keeps what was reported.
struct PodLife {
    var machine: PodMachine
    private let origin: Moment
    private(set) var now: Moment
    private(set) var statuses: [PodStatus]
    private(set) var actions: [PodAction] = []
    private(set) var events: [PodEventRecord] = []
    private var started = 0
    /// Statuses are those that the agent reports: they stand while a deleted pod ends, and there is none after the pod's removal from the API.
    private let holdsStatus: Bool
    /// The result of an action; `nil` while there is none.
    var answer: (PodAction, inout PodLife) -> PodEvent?

    init(_ pod: Pod, answer: @escaping (PodAction, inout PodLife) -> PodEvent? = { $1.obey($0) }) {
        self.init(PodMachine(pod: pod, startTime: Timestamp(seconds: 1_800_000_000)), answer: answer)
    }

    static let start = Moment(wall: Timestamp(seconds: 1_800_000_000), monotonic: .zero)

    /// - Parameters:
    ///   - reported: the statuses of earlier agents.
    ///   - started: how many containers they have started.
    init(
        _ machine: PodMachine, at now: Moment = Self.start, after reported: [PodStatus] = [], started: Int = 0, holdsStatus: Bool = false,
        answer: @escaping (PodAction, inout PodLife) -> PodEvent? = { $1.obey($0) }
    ) {
        self.machine = machine
        origin = now
        self.now = now
        self.statuses = reported
        self.started = started
        self.holdsStatus = holdsStatus
        self.answer = answer
        step()
    }

    /// The pod's life under the next agent, which finds these sandboxes and the status that this agent reported.
    func next(
        finding sandboxes: [RecoveredSandbox] = [], lastLogs: [String: Int] = [:],
        answer: @escaping (PodAction, inout PodLife) -> PodEvent? = { $1.obey($0) }
    ) -> PodLife {
        var pod = machine.pod
        pod.status = status
        var machine = PodMachine(pod: pod, startTime: now.wall)
        machine.adopt(sandboxes, at: Moment(wall: now.wall, monotonic: .zero), lastLogs: lastLogs) { _ in nil }
        return PodLife(machine, answer: answer)
    }

    /// The containers started, each with its restart count: `c 0`.
    var starts: [String] {
        actions.compactMap { if case .startContainer(let name, let count, _, _, _) = $0 { "\(name) \(count)" } else { nil } }
    }

    var sandboxesMade: Int { actions.count { if case .createSandbox = $0 { true } else { false } } }

    /// Of a container of any role.
    func containerStatus(_ name: String) -> ContainerStatus? { status.container(named: name) }

    /// A pod from the YAML-like JSON of its spec.
    static func pod(_ spec: String, name: String = "p") throws -> Pod {
        let text = #"{"metadata":{"name":"\#(name)","namespace":"default","uid":"u-1","generation":1},"spec":\#(spec)}"#
        return try JSONDecoder().decode(Pod.self, from: Data(text.utf8))
    }

    static let image = ImageDescription(
        id: "sha256:0", names: ["busybox"], repoDigests: ["busybox@sha256:1"], size: 1, config: ImageConfig(cmd: ["sh"]), lowerDirectories: ["/l"])

    mutating func obey(_ action: PodAction) -> PodEvent? {
        switch action {
        case .mountVolume(let name): return .volumeMounted(name: name, path: "/v/\(name)")
        case .refreshVolumes: return .volumesRefreshed(next: nil)
        case .createSandbox(let attempt):
            return .sandboxCreated(
                StartedSandbox(id: "s\(attempt)", pausePID: 1, networkNamespacePath: "", createdAt: now.wall), addresses: ["10.0.0.2"])
        case .ensureImage(let container): return .imageReady(container: container, Self.image)
        case .startContainer(let container, _, _, let sandboxID, _):
            started += 1
            return .containerStarted(
                container: container, StartedContainer(id: "c\(started)", pid: 10, startedAt: now.wall), sandboxID: sandboxID,
                imageID: "busybox@sha256:1")
        case .runHook(let hook, _, let id, _, _): return .hookEnded(containerID: id, hook, .done)
        case .probe(let kind, _, let id, _): return .probed(containerID: id, kind, .success(warning: nil))
        case .reviewResize(let request): return .resizeReviewed(request, .fits)
        case .applyResize(let plan): return .resizeApplied(plan.outcome(after: plan.steps.count, .done))
        case .stopSandbox: return .sandboxStopped
        case .removeSandbox(let id): return .sandboxRemoved(id: id)
        case .cleanUp, .removeSandboxes, .removeRemains: return .cleanedUp
        case .stopContainer, .removeContainer, .record: return nil
        }
    }

    mutating func receive(_ event: PodEvent) {
        machine.receive(event, at: now)
        step()
        if let exit = machine.takeEarlyExit() { receive(exit) }
    }

    /// Ends the running container of this name.
    mutating func exit(_ name: String, code: Int) {
        guard let id = machine.containers.first(where: { $0.name == name })?.running?.id else { return }
        receive(.containerExited(id: id, ContainerExit(startedAt: now.wall, finishedAt: now.wall, exitCode: code), message: nil))
    }

    /// Lets time pass, waking the machine whenever it wants to be.
    mutating func pass(_ duration: Duration) {
        let end = now.monotonic + duration
        while let wake = machine.nextWake, wake <= end {
            move(to: max(wake, now.monotonic))
            step()
        }
        move(to: end)
    }

    private mutating func move(to monotonic: Duration) {
        let seconds = (monotonic - origin.monotonic).components.seconds
        now = Moment(wall: origin.wall.advanced(bySeconds: seconds), monotonic: monotonic)
    }

    private mutating func step() {
        var waiting = machine.decide(at: now)
        observe()
        while !waiting.isEmpty {
            let action = waiting.removeFirst()
            actions.append(action)
            if case .record(let record) = action {
                events.append(record)
                continue
            }
            guard let event = answer(action, &self) else { continue }
            machine.receive(event, at: now)
            waiting += machine.decide(at: now)
            observe()
        }
    }

    private mutating func observe() {
        if holdsStatus, machine.isRemoved { return }
        let isHeld = holdsStatus && machine.holdsStatus && statuses.last?.observedGeneration == machine.pod.metadata.generation
        let status = isHeld ? machine.held(status, at: now) : machine.status(hostIPs: ["192.0.2.1"], previous: statuses.last, at: now)
        if status != statuses.last { statuses.append(status) }
    }

    var status: PodStatus { statuses[statuses.count - 1] }

    /// The values that a condition passed through.
    func series(_ condition: String) -> [String] {
        distinct(statuses.compactMap { $0.conditions?.first { $0.type == condition }.map { $0.status + ($0.reason.map { " " + $0 } ?? "") } })
    }

    var phases: [PodPhase] { distinct(statuses.compactMap(\.phase)) }

    func states(of name: String) -> [String] {
        distinct(
            statuses.compactMap { status in
                guard let state = status.container(named: name)?.state else { return nil }
                if let waiting = state.waiting { return waiting.reason ?? "waiting" }
                if let ended = state.terminated { return "\(ended.reason ?? "") \(ended.exitCode)" }
                return "running"
            })
    }

    /// The texts of the events with this reason.
    func messages(_ reason: String) -> [String] { events.filter { $0.reason == reason }.map(\.message) }

    private func distinct<T: Equatable>(_ values: [T]) -> [T] {
        values.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}

extension ResizePlan {
    /// The outcome once this many steps have been taken.
    func outcome(after count: Int, _ result: ResizeOutcome.Result) -> ResizeOutcome {
        ResizeOutcome(sandboxID: sandboxID, reached: steps.prefix(count).reduce(into: from) { $0.take($1) }, result)
    }
}
