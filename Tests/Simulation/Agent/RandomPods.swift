import KubeModel
import TestSupport

/// Pods of all kinds, by chance.
struct RandomPods {
    let world: World

    /// Names come again: a pod may follow one of its name that still ends.
    func pod(_ index: Int) -> Pod {
        let containers = (0..<world.random(1..<4)).map { container("c\($0)") }
        let initial = world.oneIn(3) ? (0..<world.random(1..<4)).map { world.oneIn(2) ? sidecar("i\($0)") : plain("i\($0)") } : []
        let volumes = containers.contains { $0["volumeMounts"] != nil } ? ["v0", "v1"] : []
        var spec: [String: JSONValue] = [
            "containers": .array(containers.map(JSONValue.object)), "initContainers": .array(initial.map(JSONValue.object)),
            "restartPolicy": ["Always", "OnFailure", "Never"][world.random(0..<3)],
            "terminationGracePeriodSeconds": [0, 1, 5, 30, 60][world.random(0..<5)],
            "volumes": .array(volumes.map { JSONValue.object(["name": .string($0), "emptyDir": .object([:])]) }),
            "hostNetwork": .bool(world.oneIn(8)),
        ]
        if world.oneIn(6) { spec["activeDeadlineSeconds"] = number(1..<300) }
        let metadata: JSONValue = ["name": .string("p\(world.random(0..<10))"), "namespace": "default", "uid": .string("u\(index)")]
        do { return try Wire.decode(["metadata": metadata, "spec": .object(spec)]) } catch { preconditionFailure("\(error)") }
    }

    private func plain(_ name: String) -> [String: JSONValue] { ["name": .string(name), "image": "b"] }

    private func container(_ name: String) -> [String: JSONValue] {
        var container = plain(name)
        if world.oneIn(4) { container["readinessProbe"] = probe() }
        if world.oneIn(4) { container["livenessProbe"] = probe() }
        if world.oneIn(6) { container["startupProbe"] = probe() }
        var hooks: [String: JSONValue] = [:]
        if world.oneIn(5) { hooks["postStart"] = hook() }
        if world.oneIn(5) { hooks["preStop"] = hook() }
        container["lifecycle"] = .object(hooks)
        if world.oneIn(8) { restartAll(&container) }
        if world.oneIn(3) { container["volumeMounts"] = ["v0", "v1"].map { ["name": .string($0), "mountPath": .string("/\($0)")] }.asArray }
        return container
    }

    private func restartAll(_ container: inout [String: JSONValue]) {
        container["restartPolicy"] = "Never"
        container["restartPolicyRules"] = [["action": "RestartAllContainers", "exitCodes": ["operator": "NotIn", "values": [0]]]]
    }

    private func sidecar(_ name: String) -> [String: JSONValue] {
        container(name).merging(["restartPolicy": "Always"]) { $1 }
    }

    private func probe() -> JSONValue {
        var probe: [String: JSONValue] = ["tcpSocket": ["port": 80], "periodSeconds": number(1..<30), "failureThreshold": number(1..<4)]
        if world.oneIn(2) { probe["initialDelaySeconds"] = number(1..<20) }
        return .object(probe)
    }

    private func hook() -> JSONValue {
        world.oneIn(2) ? ["sleep": ["seconds": number(0..<40)]] : ["exec": ["command": ["true"]]]
    }

    private func number(_ range: Range<Int>) -> JSONValue { .integer(Int64(world.random(range))) }
}

extension [JSONValue] {
    fileprivate var asArray: JSONValue { .array(self) }
}
