import KubeModel

/// The text of an event about a resize: a sentence and, as JSON, the resources in question, as kubelet writes them (`makeResourceSummaryFromSpec`).
struct ResizeMessage {
    let text: String

    /// - Parameter pod: with the resources in question.
    init(_ sentence: String, _ pod: Pod, _ generation: Int64, error: String? = nil) {
        // Members stand in the order of kubelet's, which is not the alphabet's.
        var members: [String] = []
        if let initial = pod.spec.initContainers, !initial.isEmpty { members.append("\"initContainers\":\(Self.list(initial))") }
        if !pod.spec.containers.isEmpty { members.append("\"containers\":\(Self.list(pod.spec.containers))") }
        members.append("\"generation\":\(generation)")
        if let error { members.append("\"error\":\(JSONValue.string(error))") }
        text = "\(sentence): {\(members.joined(separator: ","))}"
    }

    private static func list(_ containers: [Container]) -> JSONValue {
        .array(
            containers.map { container in
                var resources: [String: JSONValue] = [:]
                if let limits = container.resources?.limits, !limits.isEmpty { resources["limits"] = amounts(limits) }
                if let requests = container.resources?.requests, !requests.isEmpty { resources["requests"] = amounts(requests) }
                return ["name": .string(container.name), "resources": .object(resources)]
            })
    }

    private static func amounts(_ list: [String: Quantity]) -> JSONValue { .object(list.mapValues { .string($0.text) }) }
}
