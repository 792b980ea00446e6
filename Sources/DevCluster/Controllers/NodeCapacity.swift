import KubeModel

/// The resources that a pod requests.
struct PodDemand: Sendable {
    let milliCPU: Int64
    let memory: Int64

    init(_ pod: JSONValue) {
        let spec = pod["spec"] ?? [:]
        func request(_ container: JSONValue, _ name: String) -> Int64 {
            guard let quantity = container["resources", "requests", name]?.string.flatMap({ Quantity($0) }) else { return 0 }
            return name == "cpu" ? quantity.milliValue : quantity.value
        }
        func total(_ name: String) -> Int64 {
            // Sidecars run beside everything that starts after them; other init containers run alone.
            var sidecars: Int64 = 0
            var peak: Int64 = 0
            for container in spec.list("initContainers") {
                if container.text("restartPolicy") == "Always" {
                    sidecars += request(container, name)
                    peak = max(peak, sidecars)
                } else {
                    peak = max(peak, sidecars + request(container, name))
                }
            }
            let running = spec.list("containers").reduce(sidecars) { $0 + request($1, name) }
            let overhead = spec["overhead", name]?.string.flatMap { Quantity($0) }
            return max(peak, running) + (overhead.map { name == "cpu" ? $0.milliValue : $0.value } ?? 0)
        }
        milliCPU = total("cpu")
        memory = total("memory")
    }
}

/// The free resources of a node.
struct NodeCapacity: Sendable {
    let name: String
    private(set) var pods: Int
    private let node: JSONValue
    private var milliCPU: Int64
    private var memory: Int64
    private var places: Int64

    init(_ node: JSONValue, pods all: [JSONValue]) {
        self.node = node
        name = node.name
        func allocatable(_ name: String) -> Quantity { node["status", "allocatable", name]?.string.flatMap { Quantity($0) } ?? Quantity(0) }
        milliCPU = allocatable("cpu").milliValue
        memory = allocatable("memory").value
        places = allocatable("pods").value
        pods = 0
        for pod in all where pod.text("spec", "nodeName") == node.name && !["Succeeded", "Failed"].contains(pod.text("status", "phase")) {
            take(PodDemand(pod))
        }
    }

    mutating func take(_ demand: PodDemand) {
        pods += 1
        places -= 1
        milliCPU -= demand.milliCPU
        memory -= demand.memory
    }

    /// Returns the reason why a pod does not fit, in the scheduler's words; nil when it fits.
    func refusal(of pod: JSONValue, _ demand: PodDemand) -> String? {
        if node["spec", "unschedulable"]?.bool == true { return "node(s) were unschedulable" }
        guard node.condition("Ready")?.text("status") == "True", !node.isBeingDeleted else { return "node(s) were not ready" }
        for taint in node["spec"]?.list("taints") ?? []
        where ["NoSchedule", "NoExecute"].contains(taint.text("effect")) && !Self.tolerates(pod, taint) {
            return "node(s) had untolerated taint {\(taint.text("key")): \(taint.text("value"))}"
        }
        for (key, value) in pod["spec", "nodeSelector"]?.object ?? [:] where node.labels[key] != value.string {
            return "node(s) didn't match Pod's node affinity/selector"
        }
        let terms = pod["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"]?.list("nodeSelectorTerms") ?? []
        if !terms.isEmpty, !terms.contains(where: matches) { return "node(s) didn't match Pod's node affinity/selector" }
        if places < 1 { return "Too many pods" }
        if demand.milliCPU > 0, demand.milliCPU > milliCPU { return "Insufficient cpu" }
        if demand.memory > 0, demand.memory > memory { return "Insufficient memory" }
        return nil
    }

    private func matches(_ term: JSONValue) -> Bool {
        for requirement in term.list("matchExpressions") + term.list("matchFields") {
            let key = requirement.text("key")
            let present = key == "metadata.name" ? node.name : node.labels[key]
            let values = requirement.list("values").compactMap(\.string)
            let condition: LabelRequirement.Operator
            switch requirement.text("operator") {
            case "In": condition = .isIn(Set(values))
            case "NotIn": condition = .isNotIn(Set(values))
            case "Exists": condition = .exists
            case "DoesNotExist": condition = .doesNotExist
            case "Gt": condition = .greaterThan(values.first.flatMap { Int64($0) } ?? .max)
            case "Lt": condition = .lessThan(values.first.flatMap { Int64($0) } ?? .min)
            default: return false
            }
            if !LabelRequirement(key: key, condition: condition).matches(present) { return false }
        }
        return true
    }

    private static func tolerates(_ pod: JSONValue, _ taint: JSONValue) -> Bool {
        (pod["spec"]?.list("tolerations") ?? []).contains { toleration in
            let key = toleration.text("key")
            let effect = toleration.text("effect")
            guard effect.isEmpty || effect == taint.text("effect"), key.isEmpty || key == taint.text("key") else { return false }
            return toleration.text("operator") == "Exists" || (!key.isEmpty && toleration.text("value") == taint.text("value"))
        }
    }
}
