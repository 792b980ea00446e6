import KubeModel
import PodCore

/// The document that the node page shows. Its size is bounded, whatever runs on the node.
struct NodePageReport: Sendable {
    /// Of the pods and Services found; the rest is counted.
    static let mostPods = 200
    static let mostServices = 50
    /// Characters of a text that others wrote.
    private static let longestText = 300
    /// Of conditions, taints, addresses, and of reasons of one pod.
    static let longestList = ServiceList.longestList

    let now: Timestamp
    let query: NodePageQuery
    let summary: NodeSummary
    let pods: [Pod]
    /// Absent until it is known.
    var node: Node?
    /// Absent until the node is measured, or when it cannot be.
    var measurement: NodeMeasurement?
    var measurementProblem: String?
    /// Absent when this agent programs no Services.
    var services: ServiceList?

    init(now: Timestamp, query: NodePageQuery, summary: NodeSummary, pods: [Pod]) {
        self.now = now
        self.query = query
        self.summary = summary
        self.pods = pods
    }

    var json: JSONValue {
        var document: JSONValue = [
            "time": Self.time(now), "agent": agent, "node": nodeFacts, "conditions": .array(conditions), "resources": resources, "pods": podList,
        ]
        document["services"] = services.map(Self.list)
        return document
    }

    // MARK: The node

    private var agent: JSONValue {
        var object: JSONValue = [
            "version": .string(summary.version), "startedAt": Self.time(summary.startedAt), "apiServer": Self.text(summary.apiServer),
        ]
        object["lastContactSeconds"] = summary.apiServerLastContact.map { .integer(Int64(max(0, $0))) }
        return object
    }

    private var nodeFacts: JSONValue {
        var object: JSONValue = [
            "name": .string(summary.nodeName), "ready": .bool(summary.isReady), "readyMessage": Self.text(summary.readyMessage),
            "unschedulable": .bool(node?.spec?.unschedulable ?? false),
            "taints": Self.texts((node?.spec?.taints ?? []).map { "\($0.key)\($0.value.map { "=" + $0 } ?? ""):\($0.effect)" }),
            "addresses": Self.texts((node?.status?.addresses ?? []).map { "\($0.type) \($0.address)" }),
            "podCIDRs": Self.texts(summary.podCIDRs),
        ]
        if let info = node?.status?.nodeInfo {
            object["kubernetesVersion"] = Self.text(info.kubeletVersion)
            object["kernelVersion"] = Self.text(info.kernelVersion)
            object["osImage"] = Self.text(info.osImage)
        }
        object["maxPods"] = (node?.status?.allocatable?["pods"]).map { .integer($0.value) }
        return object
    }

    private var conditions: [JSONValue] {
        (node?.status?.conditions ?? []).prefix(Self.longestList).map { condition in
            // Ready is the one condition that is good when it holds.
            let good = condition.type == "Ready" ? "True" : "False"
            var object: JSONValue = [
                "type": Self.text(condition.type), "status": .string(condition.status), "isGood": .bool(condition.status == good),
                "reason": Self.text(condition.reason ?? ""), "message": Self.text(condition.message ?? ""),
            ]
            object["since"] = condition.lastTransitionTime.map(Self.time)
            return object
        }
    }

    private var resources: JSONValue {
        guard let measurement else { return measurementProblem.map { ["problem": Self.text($0)] } ?? [:] }
        var object: JSONValue = [
            "processors": .integer(Int64(measurement.facts.processors)), "memoryCapacity": Self.number(measurement.facts.memory),
        ]
        object["cpuNanoCores"] = measurement.machine.usageNanoCores.map(Self.number)
        object["memoryBytes"] = measurement.machine.workingSet.map(Self.number)
        let room = measurement.storage?.room
        let disks = [("nodefs", room?.nodeFileSystem), ("imagefs", room?.imageFileSystem), ("containerfs", room?.containerFileSystem)]
        object["fileSystems"] = .array(
            disks.compactMap { name, disk in
                disk.map { ["name": .string(name), "capacity": .integer($0.bytes.capacity), "available": .integer($0.bytes.available)] }
            })
        return object
    }

    // MARK: Parts

    static func time(_ time: Timestamp) -> JSONValue { .string(time.rfc3339()) }

    static func number(_ value: UInt64) -> JSONValue { .integer(Int64(clamping: value)) }

    /// Scalars are counted: one character can have any number of them.
    static func text(_ text: String) -> JSONValue {
        guard text.utf8.count > longestText, let end = text.unicodeScalars.index(text.startIndex, offsetBy: longestText, limitedBy: text.endIndex),
            end < text.endIndex
        else { return .string(text) }
        return .string(text[..<end] + "…")
    }

    /// The first of them, and how many more there are.
    static func texts(_ texts: [String], count: Int? = nil) -> JSONValue {
        let shown = texts.prefix(longestList).map(text)
        let more = (count ?? texts.count) - shown.count
        return .array(more > 0 ? shown + [.string("and \(more) more")] : shown)
    }
}
