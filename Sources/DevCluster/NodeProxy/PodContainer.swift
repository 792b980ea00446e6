import KubeModel

/// Which container a log, exec or attach request is about.
enum PodContainer {
    static func name(in pod: JSONValue, wanted: String?) throws -> String {
        let spec = pod["spec"] ?? [:]
        func names(_ list: String) -> [String] { spec.list(list).map { $0.text("name") } }
        let all = names("containers") + names("initContainers") + names("ephemeralContainers")
        if let wanted, !wanted.isEmpty {
            guard all.contains(wanted) else { throw APIError.badRequest("container \(wanted) is not valid for pod \(pod.name)") }
            return wanted
        }
        let containers = names("containers")
        if containers.count == 1, let only = containers.first { return only }
        let preferred = pod.text("metadata", "annotations", "kubectl.kubernetes.io/default-container")
        if containers.contains(preferred) { return preferred }
        let others = names("initContainers")
        var message = "a container name must be specified for pod \(pod.name), choose one of: [\(containers.joined(separator: " "))]"
        if !others.isEmpty { message += " or one of the init containers: [\(others.joined(separator: " "))]" }
        throw APIError.badRequest(message)
    }
}
