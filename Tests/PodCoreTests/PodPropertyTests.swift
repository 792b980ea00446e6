import Testing

@testable import PodCore

/// Random lives under simulated time. A seed that fails prints the life.
@Suite("Pod machine under random events")
struct PodPropertyTests {
    private static let specs = [
        #"{"containers":[{"name":"c","image":"b"}]}"#,
        #"{"restartPolicy":"Never","containers":[{"name":"c","image":"b"},{"name":"d","image":"b"}]}"#,
        #"{"restartPolicy":"OnFailure","initContainers":[{"name":"i","image":"b"},{"name":"s","image":"b","restartPolicy":"Always"},{"name":"j","image":"b"}],"containers":[{"name":"c","image":"b"},{"name":"d","image":"b"}]}"#,
        #"{"initContainers":[{"name":"s","image":"b","restartPolicy":"Always"}],"containers":[{"name":"c","image":"b","volumeMounts":[{"name":"v","mountPath":"/v"},{"name":"w","mountPath":"/w"}]}],"volumes":[{"name":"v","emptyDir":{}},{"name":"w","emptyDir":{}}]}"#,
        #"{"initContainers":[{"name":"s","image":"b","restartPolicy":"Always","resources":{"limits":{"memory":"2Mi"}}}],"containers":[{"name":"c","image":"b","resources":{"limits":{"memory":"4Mi"}}},{"name":"d","image":"b","resources":{"limits":{"memory":"1Mi"}},"resizePolicy":[{"resourceName":"memory","restartPolicy":"RestartContainer"}]}]}"#,
        #"{"activeDeadlineSeconds":900,"terminationGracePeriodSeconds":5,"initContainers":[{"name":"s","image":"b","restartPolicy":"Always","startupProbe":{"periodSeconds":1},"lifecycle":{"preStop":{"sleep":{"seconds":1}}}}],"containers":[{"name":"c","image":"b","livenessProbe":{"periodSeconds":20,"failureThreshold":1},"readinessProbe":{},"lifecycle":{"postStart":{"exec":{"command":["a"]}},"preStop":{"exec":{"command":["a"]}}}},{"name":"d","image":"b","restartPolicy":"Never","lifecycle":{"postStart":{"exec":{"command":["a"]}}}}]}"#,
        #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"},{"name":"s","image":"b","restartPolicy":"Always","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[1]}}]}],"containers":[{"name":"c","image":"b","restartPolicy":"Never","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[1]}}],"readinessProbe":{}},{"name":"d","image":"b","lifecycle":{"preStop":{"exec":{"command":["a"]}}}}]}"#,
    ]

    @Test("no life has an illegal transition or two launches of a container at once, and every life ends when the node obeys", arguments: specs)
    func lives(spec: String) throws {
        let pod = try PodLife.pod(spec)
        var launches = 0
        for seed in 0..<UInt64(24) {
            var node = RandomNode(pod, seed: seed)
            for _ in 0..<Int(seed % 4 + 1) * 30 where node.violations.isEmpty { node.step() }
            if seed % 2 == 0, node.violations.isEmpty, !node.settle() { Issue.record("seed \(seed): a resize never ends\n\(node.trace)") }
            let isGone = node.violations.isEmpty && node.delete(grace: Int64(seed % 10))
            launches += node.launches
            guard node.violations.isEmpty, isGone else {
                Issue.record("seed \(seed): \(node.violations), gone: \(isGone)\n\(node.trace)")
                return
            }
        }
        #expect(launches > 20, "the lives reach the start of containers")
    }
}
