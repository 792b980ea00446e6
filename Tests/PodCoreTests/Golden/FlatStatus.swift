import KubeModel
import TestSupport
import Timing

/// A status as path -> text, made from its encoded form, so that no field is left out.
///
/// A condition has its type as its path and reads `False Reason +5s (message)`: the time is that of its last transition. A container has its name as
/// its path and below that `state`, `last`, `ready`, and so on. Times count from the pod's start.
struct FlatStatus {
    private(set) var fields: [String: String] = [:]

    init(_ status: PodStatus) throws {
        guard let members = try Wire.encode(status).object else { throw StoryError("found a status that is not an object") }
        for (key, value) in members {
            switch key {
            case "conditions": try addConditions(value, generation: members["observedGeneration"])
            case "initContainerStatuses": addContainers(value, "init")
            case "containerStatuses": addContainers(value, "containers")
            case "ephemeralContainerStatuses": addContainers(value, "ephemeral")
            case "observedGeneration": add("generation", value)
            default: add(key, value)
            }
        }
    }

    /// The change from an earlier status to this one; `nil` for a field that has disappeared.
    func change(from earlier: FlatStatus?) -> [String: String?] {
        var change: [String: String?] = fields.filter { earlier?.fields[$0.key] != $0.value }
        for path in (earlier?.fields ?? [:]).keys where fields[path] == nil { change[path] = .some(nil) }
        return change
    }

    private mutating func add(_ path: String, _ value: JSONValue) {
        let text = Self.text(value)
        if !text.isEmpty { fields[path] = text }
    }

    /// Their order has no meaning: clients and patches know them by their types.
    private mutating func addConditions(_ value: JSONValue, generation: JSONValue?) throws {
        for condition in (value.array ?? []).compactMap(\.object) {
            var rest = condition
            let type = rest.take("type")
            var parts = [rest.take("status"), rest.take("reason"), rest.take("lastTransitionTime")]
            let message = rest.take("message")
            if !message.isEmpty { parts.append("(\(message))") }
            if rest["observedGeneration"] == generation { rest["observedGeneration"] = nil }
            guard fields[type] == nil else { throw StoryError("found the condition \(type) twice") }
            fields[type] = (parts.filter { !$0.isEmpty } + Self.others(rest)).joined(separator: " ")
        }
    }

    private static let shortNames = [
        "containerID": "id", "lastState": "last", "restartCount": "restarts", "allocatedResources": "allocated", "volumeMounts": "mounts",
    ]

    private mutating func addContainers(_ value: JSONValue, _ list: String) {
        let containers = (value.array ?? []).compactMap(\.object)
        fields[list] = containers.compactMap { $0["name"]?.string }.joined(separator: " ")
        for container in containers {
            let name = container["name"]?.string ?? ""
            for (key, value) in container where key != "name" {
                let path = "\(name).\(Self.shortNames[key] ?? key)"
                if key == "state" || key == "lastState" { fields[path] = Self.state(value, isLast: key == "lastState") } else { add(path, value) }
            }
        }
    }

    private static func state(_ value: JSONValue, isLast: Bool) -> String? {
        guard let (kind, detail) = value.object?.first(where: { $0.value != .null }) else { return nil }
        var rest = detail.object ?? [:]
        var parts = kind == "terminated" && isLast ? [] : [kind]
        switch kind {
        case "running": parts.append(rest.take("startedAt"))
        case "waiting": parts.append(rest.take("reason"))
        default:
            parts += [rest.take("reason"), rest.take("exitCode")]
            let (start, end) = (rest.take("startedAt"), rest.take("finishedAt"))
            if !start.isEmpty || !end.isEmpty { parts.append("\(start)..\(end)") }
            parts.append(rest.take("containerID"))
        }
        let message = rest.take("message")
        return (parts.filter { !$0.isEmpty } + others(rest)).joined(separator: " ") + (message.isEmpty ? "" : ": \(message)")
    }

    private static func others(_ rest: [String: JSONValue]) -> [String] {
        rest.filter { $0.value != .null }.sorted { $0.key < $1.key }.map { "\($0.key)=\(text($0.value))" }
    }

    fileprivate static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: return ""
        case .string(let text):
            if let time = Timestamp(rfc3339: text) { return "+\(time.seconds - PodLife.start.wall.seconds)s" }
            return text.hasPrefix("swiftlet://") ? String(text.dropFirst("swiftlet://".count)) : text
        case .array(let elements):
            return elements.map { $0.object?.count == 1 ? $0.object?["ip"]?.string ?? text($0) : text($0) }.joined(separator: " ")
        case .object: return "{\(others(value.object ?? [:]).joined(separator: ", "))}"
        case .integer, .double, .bool: return value.description
        }
    }
}

extension [String: JSONValue] {
    /// Takes out the member of this name and returns its text.
    fileprivate mutating func take(_ name: String) -> String {
        removeValue(forKey: name).map(FlatStatus.text) ?? ""
    }
}
