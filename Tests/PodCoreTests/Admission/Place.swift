import FoundationEssentials
import KubeModel

/// Nodes and pods of which only the parts count by which a pod finds its place.
enum Place {
    static func node(allocatable: String = "{}", labels: [String: String] = [:], taints: String = "[]") throws -> Node {
        var node = try JSONDecoder().decode(
            Node.self,
            from: Data(#"{"metadata":{"name":"node-1"},"spec":{"taints":\#(taints)},"status":{"allocatable":\#(allocatable)}}"#.utf8))
        node.metadata.labels = labels
        return node
    }

    static func pod(_ name: String, cpu: String? = nil, memory: String? = nil, isGuaranteed: Bool = false, priority: Int? = nil, created: Int64 = 0)
        -> Pod
    {
        var container = Container(name: "c", image: "b")
        var amounts: [String: Quantity] = [:]
        if let cpu { amounts["cpu"] = Quantity(cpu) }
        if let memory { amounts["memory"] = Quantity(memory) }
        container.resources = ResourceRequirements(limits: isGuaranteed ? amounts : nil, requests: amounts)
        var spec = PodSpec(containers: [container])
        spec.priority = priority
        var pod = Pod(metadata: ObjectMeta(name: name, namespace: "default", uid: "u-\(name)"), spec: spec)
        pod.metadata.creationTimestamp = Timestamp(seconds: created)
        return pod
    }
}
