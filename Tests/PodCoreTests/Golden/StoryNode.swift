import KubeModel
import Timing

@testable import PodCore

/// The node of a story: it answers each action by the story's word for it, and knows what a restarted agent would find.
final class StoryNode {
    /// By ``key(of:in:)``: `wait`, or how the action ends, such as `fail: no` or `ErrImagePull: not found`.
    var words: [String: String]
    /// Signals and hooks with their times.
    private(set) var work: [String] = []
    private(set) var sandboxes: [StorySandbox] = []
    private(set) var started = 0

    init(_ words: [String: String]) {
        self.words = words
    }

    /// The name of an action in stories; `nil` for one that no story speaks about.
    static func key(of action: PodAction, in machine: PodMachine) -> String? {
        switch action {
        case .mountVolume(let name): "volume \(name)"
        case .createSandbox: "sandbox"
        case .ensureImage(let container): "image \(container)"
        case .startContainer(let container, _, _, _, _): "start \(container)"
        case .stopContainer(let id, _, let signal):
            machine.containers.first { $0.running?.id == id }.map { "\(signal == .kill ? "kill" : "stop") \($0.name)" }
        case .runHook(let kind, let container, _, _, _): "\(kind) \(container)"
        case .probe(let kind, let container, _, _): "\(kind) \(container)"
        case .reviewResize: "review"
        case .applyResize: "resize"
        case .stopSandbox: "stopSandbox"
        case .refreshVolumes, .removeContainer, .removeSandbox, .cleanUp, .removeSandboxes, .removeRemains, .record: nil
        }
    }

    func answer(_ action: PodAction, _ life: inout PodLife) -> PodEvent? {
        let key = Self.key(of: action, in: life.machine)
        note(action, key, at: life.now)
        let event = event(of: action, key.flatMap { words[$0] }, &life)
        note(action, event, at: life.now)
        return event
    }

    /// The result of an action that ends like this.
    func late(_ action: PodAction, _ word: String, _ life: inout PodLife) -> PodEvent? {
        let event = event(of: action, word, &life)
        note(action, event, at: life.now)
        return event
    }

    private func event(of action: PodAction, _ word: String?, _ life: inout PodLife) -> PodEvent? {
        guard let word, word != "obey" else { return life.obey(action) }
        if word == "wait" { return nil }
        let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
        let message = parts.count > 1 ? String(parts[1].drop { $0 == " " }) : ""
        return StoryAnswer(word: parts[0], message: message).event(of: action, &life)
    }

    private func note(_ action: PodAction, _ key: String?, at now: Moment) {
        let time = "+\(now.wall.seconds - PodLife.start.wall.seconds)s"
        switch action {
        case .stopContainer: work.append("\(time) \(key ?? "")")
        case .runHook(_, _, _, _, let timeout): work.append("\(time) \(key ?? "")" + (timeout.map { " \($0.components.seconds)s" } ?? ""))
        default: break
        }
    }

    // MARK: What a restarted agent finds

    private func note(_ action: PodAction, _ event: PodEvent?, at now: Moment) {
        switch (action, event) {
        case (.createSandbox(let attempt), .sandboxCreated(let sandbox, let addresses)):
            sandboxes.append(StorySandbox(id: sandbox.id, attempt: attempt, createdAt: now.wall, addresses: addresses))
        case (.startContainer(_, let count, _, let sandboxID, _), .containerStarted(let name, let container, _, _, _)):
            started += 1
            guard let index = sandboxes.firstIndex(where: { $0.id == sandboxID }) else { return }
            sandboxes[index].containers.append(.init(name: name, count: count, started: container))
        case (_, .containerExited(let id, let exit, _)): noteExit(id, exit)
        case (.stopSandbox(let id), .sandboxStopped): noteEnd(ofSandbox: id)
        case (.removeContainer(let id, _), _):
            for index in sandboxes.indices { sandboxes[index].containers.removeAll { $0.started.id == id } }
        case (.removeSandbox(let id), _): sandboxes.removeAll { $0.id == id }
        case (.removeSandboxes, _): sandboxes = []
        default: break
        }
    }

    func noteExit(_ id: String, _ exit: ContainerExit) {
        for sandbox in sandboxes.indices {
            for index in sandboxes[sandbox].containers.indices where sandboxes[sandbox].containers[index].started.id == id {
                sandboxes[sandbox].containers[index].exit = exit
            }
        }
    }

    func noteEnd(ofSandbox id: String) {
        for index in sandboxes.indices where sandboxes[index].id == id { sandboxes[index].isRunning = false }
    }

    func reboot() {
        sandboxes = []
    }
}
