import KubeModel
import Testing

@testable import PodCore

@Suite("Room on the node")
struct NodeFitTests {
    private static let allocatable =
        #"{"cpu":"2","memory":"1Gi","ephemeral-storage":"10Gi","pods":"3","hugepages-2Mi":"4Mi","example.com/fpga":"1"}"#

    private func shortages(_ spec: String, others: [Pod] = []) throws -> [String] {
        let node = try Place.node(allocatable: Self.allocatable)
        return NodeFit(allocatable: node.status?.allocatable ?? [:], others: ActivePods(others)).shortages(for: try PodLife.pod(spec)).map(\.message)
    }

    private func spec(_ requests: String, _ fields: String = "") -> String {
        #"{"containers":[{"name":"c","image":"b","resources":{"requests":\#(requests)}}]\#(fields)}"#
    }

    private func text(_ name: String, _ requested: Int64, _ used: Int64, _ capacity: Int64) -> String {
        "Node didn't have enough resource: \(name), requested: \(requested), used: \(used), capacity: \(capacity)"
    }

    @Test("a pod fits up to the last bit of what the others leave")
    func exact() throws {
        let others = [Place.pod("a", cpu: "500m", memory: "512Mi")]
        #expect(try shortages(spec(#"{"cpu":"1500m","memory":"512Mi"}"#), others: others) == [])
        #expect(
            try shortages(spec(#"{"cpu":"1501m","memory":"536870913"}"#), others: others) == [
                text("cpu", 1501, 500, 2000), text("memory", 536_870_913, 536_870_912, 1_073_741_824),
            ])
    }

    @Test(
        "each resource is counted in its own unit; a resource that the node must have and has not is missing",
        arguments: [
            (#"{"cpu":"64"}"#, ["cpu", "64000", "2000"]), (#"{"memory":"2Gi"}"#, ["memory", "2147483648", "1073741824"]),
            (#"{"ephemeral-storage":"11Gi"}"#, ["ephemeral-storage", "11811160064", "10737418240"]),
            (#"{"hugepages-2Mi":"8Mi"}"#, ["hugepages-2Mi", "8388608", "4194304"]),
            (#"{"hugepages-1Gi":"1Gi"}"#, ["hugepages-1Gi", "1073741824", "0"]),
            (#"{"example.com/fpga":"2"}"#, ["example.com/fpga", "2", "1"]), (#"{"node.kubernetes.io/x":"1"}"#, ["node.kubernetes.io/x", "1", "0"]),
        ])
    func units(requests: String, parts: [String]) throws {
        let wanted = "Node didn't have enough resource: \(parts[0]), requested: \(parts[1]), used: 0, capacity: \(parts[2])"
        #expect(try shortages(spec(requests)) == [wanted])
    }

    @Test(
        "extended resources that the node does not know, resources of other meaning and requests for nothing do not count",
        arguments: [#"{"example.com/gpu":"5"}"#, #"{"storage":"1Ti"}"#, #"{"cpu":"0","hugepages-1Gi":"0"}"#, #"{}"#])
    func uncounted(requests: String) throws {
        #expect(try shortages(spec(requests)) == [])
    }

    @Test("a pod that asks for nothing needs its place among the pods")
    func pods() throws {
        let others = [Place.pod("a"), Place.pod("b"), Place.pod("c")]
        #expect(try shortages(spec("{}"), others: Array(others.dropLast())) == [])
        #expect(try shortages(spec(#"{"cpu":"3"}"#), others: others) == [text("pods", 1, 3, 3), text("cpu", 3000, 0, 2000)])
    }

    @Test("a pod that asks for nothing fits on a node whose resources are overdrawn")
    func overdrawn() throws {
        let others = [Place.pod("a", cpu: "100", memory: "9223372036854775807"), Place.pod("b", memory: "9223372036854775807")]
        #expect(try shortages(spec("{}"), others: others) == [])
        #expect(try shortages(spec(#"{"memory":"9223372036854775807"}"#), others: others).count == 1)
    }

    @Test("a pod that has gone leaves what it requested, and a changed one takes what it requests now")
    func changes() {
        var active = ActivePods([Place.pod("a", cpu: "1", memory: "9223372036854775807"), Place.pod("b", cpu: "2", memory: "9223372036854775807")])
        active.add(Place.pod("a", cpu: "3"))
        #expect(active.used["cpu"] == 5000 && active.used["pods"] == 2 && active.used["memory"] == 9_223_372_036_854_775_807)
        active.remove("u-b")
        active.remove("u-b")
        #expect(active.used["cpu"] == 3000 && active.used["pods"] == 1 && active.used["memory"] == 0)
        #expect(active.contains("u-a") && !active.contains("u-b") && active.pods.map(\.name) == ["a"])
    }

    @Test(
        "init containers, sidecars, the pod's own resources and its overhead count as in the scheduler",
        arguments: [
            // The largest init container, beside the sidecars before it.
            (
                #"{"initContainers":[{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}},"#
                    + #"{"name":"i","resources":{"requests":{"cpu":"9"}}}],"containers":[{"name":"c","resources":{"requests":{"cpu":"2"}}}]}"#,
                10000
            ),
            (
                #"{"initContainers":[{"name":"i","resources":{"requests":{"cpu":"3"}}},"#
                    + #"{"name":"s","restartPolicy":"Always","resources":{"requests":{"cpu":"1"}}}],"#
                    + #""containers":[{"name":"c","resources":{"requests":{"cpu":"2500m"}}}]}"#,
                3500
            ),
            (
                #"{"resources":{"requests":{"cpu":"5"}},"containers":[{"name":"c","resources":{"requests":{"cpu":"2"}}}],"overhead":{"cpu":"250m"}}"#,
                5250
            ),
            (#"{"containers":[{"name":"c","resources":{"limits":{"cpu":"7"}}}]}"#, 7000),
            (#"{"containers":[{"name":"c"}],"overhead":{"cpu":"3"}}"#, 3000),
        ] as [(String, Int64)])
    func sums(spec: String, milliCPU: Int64) throws {
        #expect(try shortages(spec) == [text("cpu", milliCPU, 0, 2000)])
    }
}
