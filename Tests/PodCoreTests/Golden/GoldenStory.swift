import KubeModel
import Testing
import YAML

/// One story of a pod's life: the steps, and the statuses and events that Kubernetes' behaviour asks for.
struct GoldenStory: Sendable, CustomTestStringConvertible {
    struct Step: Sendable {
        let verb: String
        let value: YAMLNode
    }

    let title: String
    /// Where the expectation comes from.
    let source: String
    /// Why the machine's statuses are other ones; `nil` where they agree.
    let differs: String?
    let pod: JSONValue
    /// How the node answers actions, by ``StoryNode/key(of:in:)``. It obeys where nothing is said.
    let node: [String: String]
    /// The reason and the message with which the node refuses the pod.
    let refusal: (reason: String, message: String)?
    let steps: [Step]
    /// The changes from each reported status to the next one: path -> text, `nil` for a field that disappears.
    var statuses: [[String: String?]]
    var events: [String]
    /// Signals and hooks with their times; `nil` where the story leaves them out.
    let work: [String]?
    /// Whether the API object may be deleted in the end.
    let isDeletable: Bool

    var testDescription: String { title }
}

extension GoldenStory {
    private static let members: Set = [
        "story", "source", "differs", "pod", "node", "refused", "steps", "statuses", "events", "work", "deletable",
    ]

    /// - Parameter usual: changes of statuses that many stories share, by name.
    init(_ node: YAMLNode, usual: [String: [String: String?]]) throws {
        guard case .mapping(let members, let line) = node else { throw StoryError("line \(node.line): found no mapping, wanted a story") }
        for (key, _) in members where !Self.members.contains(key.text ?? "") {
            throw StoryError("line \(key.line): found \(key.text ?? "no name"), wanted one of \(Self.members.sorted())")
        }
        func text(_ name: String) throws -> String {
            guard let text = node[name]?.text, !text.isEmpty else { throw StoryError("line \(line): found no \(name)") }
            return text
        }
        title = try text("story")
        source = try text("source")
        differs = node["differs"]?.text
        guard let pod = node["pod"] else { throw StoryError("line \(line): found no pod") }
        self.pod = JSONValue(pod)
        self.node = try node["node"].map { try $0.members.mapValues { $0.text ?? "" } } ?? [:]
        refusal = try node["refused"].map { try ($0.required("reason"), $0.required("message")) }
        steps =
            try node["steps"]?.elements.map { element in
                guard case .mapping(let members, _) = element, members.count == 1, let verb = members[0].key.text else {
                    throw StoryError("line \(element.line): found another step than {verb: ...}")
                }
                return Step(verb: verb, value: members[0].value)
            } ?? []
        statuses = try node["statuses"]?.elements.map { try StatusChange($0, usual: usual).fields } ?? []
        events = try node["events"]?.elements.map { $0.text ?? "" } ?? []
        work = try node["work"]?.elements.map { $0.text ?? "" }
        isDeletable = node["deletable"]?.text == "true"
    }
}
