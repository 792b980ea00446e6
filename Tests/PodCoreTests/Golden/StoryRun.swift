import KubeModel
import TestSupport
import Timing
import YAML

@testable import PodCore

/// Tells a story to a pod's machine.
struct StoryRun {
    private let node: StoryNode
    /// The object in the API, without the status that the agent reports.
    private var pod: JSONValue
    private var life: PodLife
    private var earlierEvents: [PodEventRecord] = []

    init(_ story: GoldenStory) throws {
        let identity: JSONValue = ["metadata": ["name": "p", "namespace": "default", "uid": "u-1", "generation": 1]]
        let (node, pod) = (StoryNode(story.node), identity.merging(story.pod))
        self.node = node
        self.pod = pod
        var machine = PodMachine(pod: try Wire.decode(pod), startTime: PodLife.start.wall)
        if let refusal = story.refusal { machine.refuse(PodRefusal(reason: refusal.reason, message: refusal.message)) }
        life = PodLife(machine, holdsStatus: true) { node.answer($0, &$1) }
        for step in story.steps { try take(step) }
    }

    var isDeletable: Bool { life.machine.mayDeleteFromAPI }

    var work: [String] { node.work }

    var events: [String] {
        (earlierEvents + life.events).map { event in
            "\(event.kind.rawValue) \(event.reason) \(event.fieldPath.map { "\($0.dropFirst("spec.".count)) " } ?? "")\(event.message)"
        }
    }

    func statuses() throws -> [FlatStatus] { try life.statuses.map(FlatStatus.init) }

    private mutating func take(_ step: GoldenStory.Step) throws {
        let value = step.value
        switch step.verb {
        case "pass": life.pass(try duration(value))
        case "exit": for (name, end) in try value.members { try exit(name, end) }
        case "delete": try delete(grace: try value.required("grace"))
        case "remove": life.receive(.removed)
        case "update": try update(JSONValue(value))
        case "evict": try evict(value)
        case "node": node.words.merge(try value.members.mapValues { $0.text ?? "" }) { $1 }
        case "answer": for (key, word) in try value.members { try answer(key, word.text ?? "") }
        case "sandboxEnded": endSandbox()
        case "networkReady": life.receive(.networkReady)
        case "roomFreed": life.receive(.roomFreed)
        case "restart": try restart(value)
        case "reboot":
            node.reboot()
            try restart(value)
        default: throw StoryError("line \(value.line): found the unknown step \(step.verb)")
        }
    }

    private func duration(_ node: YAMLNode) throws -> Duration {
        guard let text = node.text, text.hasSuffix("s"), let seconds = Int64(text.dropLast()) else {
            throw StoryError("line \(node.line): found no duration such as 10s")
        }
        return .seconds(seconds)
    }

    // MARK: The node

    /// `{c: 1}`, or `{c: {code: 137, oom: true, message: text}}`.
    private func end(_ node: YAMLNode, _ life: PodLife) throws -> (ContainerExit, message: String?) {
        guard let code = Int(node.text ?? node["code"]?.text ?? "") else { throw StoryError("line \(node.line): found no exit code") }
        let exit = ContainerExit(
            startedAt: nil, finishedAt: life.now.wall, exitCode: code, signal: node["signal"]?.text.flatMap { Int($0) },
            outOfMemory: node["oom"]?.text == "true")
        return (exit, node["message"]?.text)
    }

    private mutating func exit(_ name: String, _ value: YAMLNode) throws {
        guard let id = life.machine.containers.first(where: { $0.name == name })?.running?.id else {
            throw StoryError("line \(value.line): found no running container \(name)")
        }
        let (exit, message) = try end(value, life)
        node.noteExit(id, exit)
        life.receive(.containerExited(id: id, exit, message: message))
    }

    private mutating func endSandbox() {
        guard let id = life.machine.knownSandboxes.last else { return }
        node.noteEnd(ofSandbox: id)
        life.receive(.sandboxEnded(id: id))
    }

    /// The result of the latest action of this name.
    private mutating func answer(_ key: String, _ word: String) throws {
        guard let action = life.actions.last(where: { StoryNode.key(of: $0, in: life.machine) == key }),
            let event = node.late(action, word, &life)
        else { throw StoryError("found no action \(key) that could end with \(word)") }
        life.receive(event)
    }

    // MARK: The API

    private mutating func delete(grace: String) throws {
        let seconds = Int64(grace) ?? 30
        let end = life.now.wall.advanced(bySeconds: seconds)
        let change: JSONValue = [
            "metadata": ["deletionTimestamp": try Wire.encode(end), "deletionGracePeriodSeconds": .integer(seconds)], "spec": [:],
        ]
        try update(change)
    }

    /// A change of the spec, and a deletion, is another generation.
    private mutating func update(_ change: JSONValue) throws {
        pod = pod.merging(change)
        if change.object?["spec"] != nil {
            let generation = pod.object?["metadata"]?.object?["generation"]?.integer ?? 0
            pod = pod.merging(["metadata": ["generation": .integer(generation + 1)]])
        }
        life.receive(.updated(try Wire.decode(pod)))
    }

    private mutating func evict(_ value: YAMLNode) throws {
        if value.text == "preemption" { return life.receive(.evicted(.preemption)) }
        life.receive(
            .evicted(
                PodEviction(
                    reason: try value.required("reason"), message: try value.required("message"),
                    conditionMessage: try value.required("condition"), graceLimit: value["grace"]?.text.flatMap { Int64($0) },
                    isAnnounced: value["announced"]?.text != "false")))
    }

    // MARK: The agent

    /// Another agent: after a pause, in which containers may end.
    private mutating func restart(_ value: YAMLNode) throws {
        let pause = try value["after"].map { try duration($0).components.seconds } ?? 0
        let now = Moment(wall: life.now.wall.advanced(bySeconds: pause), monotonic: .zero)
        earlierEvents += life.events
        let started = node.started
        for (name, value) in try value["exit"]?.members ?? [:] {
            guard let id = life.machine.containers.first(where: { $0.name == name })?.running?.id else { continue }
            node.noteExit(id, try end(value, life).0)
        }
        var pod: Pod = try Wire.decode(self.pod)
        pod.status = life.status
        var machine = PodMachine(pod: pod, startTime: now.wall)
        machine.adopt(node.sandboxes.map { $0.recovered(pod) }, at: now) { _ in nil }
        life = PodLife(machine, at: now, after: life.statuses, started: started, holdsStatus: true) { [node] in node.answer($0, &$1) }
    }
}
