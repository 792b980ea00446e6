import KubeModel
import Testing

@testable import PodCore

@Suite("Steps of a resize")
struct ResizePlanTests {
    /// `memory cpu` limits; `-` for none.
    private static func amounts(_ text: String) -> ComputeResources {
        let words = text.split(separator: " ").map(String.init)
        var limits: [String: Quantity] = [:]
        for (name, word) in zip(["memory", "cpu"], words) { limits[name] = Quantity(word) }
        return ComputeResources(limits: limits)
    }

    private static func resources(_ pod: String, _ containers: [String]) -> ActuatedResources {
        let named = zip(["a", "b", "c"], containers).map { ($0, amounts($1)) }
        return ActuatedResources(pod: amounts(pod), containers: Dictionary(uniqueKeysWithValues: named))
    }

    private static func plan(_ from: ActuatedResources, _ to: ActuatedResources) -> ResizePlan {
        let targets = from.containers.keys.sorted().map { ResizePlan.Target(name: $0, id: "id-\($0)") }
        return ResizePlan(sandboxID: "s", targets: targets, from: from, to: to)
    }

    private static func text(_ step: ResizePlan.Step) -> String {
        func show(_ amounts: ComputeResources) -> String { ["memory", "cpu"].map { amounts.limits[$0]?.text ?? "-" }.joined(separator: " ") }
        return switch step {
        case .pod(let amounts): "pod \(show(amounts))"
        case .container(let name, let id, let amounts): "\(name) \(id) \(show(amounts))"
        }
    }

    struct Case: Sendable, CustomStringConvertible {
        let description: String
        let from: (String, [String])
        let to: (String, [String])
        let steps: [String]
    }

    @Test(
        "what grows, grows in the pod first; what shrinks, shrinks in the containers first",
        arguments: [
            Case(description: "nothing", from: ("1Mi 1", ["1Mi 1"]), to: ("1Mi 1", ["1Mi 1"]), steps: []),
            Case(description: "growth", from: ("1Mi 1", ["1Mi 1"]), to: ("1Mi 2", ["1Mi 2"]), steps: ["pod 1Mi 2", "a id-a 1Mi 2"]),
            Case(description: "shrinking", from: ("2Mi 1", ["2Mi 1"]), to: ("1Mi 1", ["1Mi 1"]), steps: ["a id-a 1Mi 1", "pod 1Mi 1"]),
            Case(
                description: "memory grows, CPU shrinks", from: ("1Mi 2", ["1Mi 2"]), to: ("2Mi 1", ["2Mi 1"]),
                steps: ["pod 2Mi 2", "a id-a 2Mi 2", "a id-a 2Mi 1", "pod 2Mi 1"]),
            Case(
                description: "from one container to another", from: ("4Mi 2", ["1Mi 1", "3Mi 1"]), to: ("4Mi 2", ["3Mi 1", "1Mi 1"]),
                steps: ["b id-b 1Mi 1", "a id-a 3Mi 1"]),
            Case(description: "a first limit", from: ("- -", ["- -"]), to: ("1Mi -", ["1Mi -"]), steps: ["a id-a 1Mi -", "pod 1Mi -"]),
            Case(description: "no limit any more", from: ("1Mi -", ["1Mi -"]), to: ("- -", ["- -"]), steps: ["pod - -", "a id-a - -"]),
            Case(description: "the pod alone", from: ("1Mi 1", []), to: ("2Mi 1", []), steps: ["pod 2Mi 1"]),
        ])
    func steps(example: Case) {
        let plan = Self.plan(Self.resources(example.from.0, example.from.1), Self.resources(example.to.0, example.to.1))
        #expect(plan.steps.map(Self.text) == example.steps)
        #expect(plan.outcome(after: plan.steps.count, .done).reached == Self.resources(example.to.0, example.to.1))
    }

    @Test("only the containers named are changed")
    func others() {
        let from = Self.resources("2Mi 2", ["1Mi 1", "1Mi 1"])
        let plan = ResizePlan(sandboxID: "s", targets: [.init(name: "b", id: "b1")], from: from, to: Self.resources("4Mi 2", ["2Mi 1", "2Mi 1"]))
        #expect(plan.steps.map(Self.text) == ["pod 4Mi 2", "b b1 2Mi 1"])
        #expect(plan.from.containers.keys.sorted() == ["b"])
    }

    @Test(
        "a memory limit is not lowered to what is in use",
        arguments: [
            ("2Mi", "1Mi", 100, nil), ("1Mi", "2Mi", 5 << 20, nil), ("1Mi", "1Mi", 5 << 20, nil), ("2Mi", "-", 5 << 20, nil),
            ("2Mi", "1Mi", 1 << 20, "(1048576)"), ("-", "1Mi", 3 << 20, "(3145728)"),
        ] as [(String, String, UInt64, String?)])
    func use(from: String, to: String, used: UInt64, figure: String?) {
        let plan = Self.plan(Self.resources(from, [from]), Self.resources(to, [to]))
        let refusal = plan.refusal(pod: used, containers: ["a": used])
        guard let figure else {
            #expect(refusal == nil)
            return
        }
        #expect(plan.lowersMemoryLimits)
        #expect(
            refusal == "cannot decrease memory limits: [attempting to set pod memory limit (1048576) below current usage \(figure), "
                + "attempting to set container \"a\" memory limit (1048576) below current usage \(figure)]")
        #expect(
            plan.refusal(pod: 0, containers: ["a": used])
                == "cannot decrease memory limits: attempting to set container \"a\" memory limit (1048576) below current usage \(figure)")
        #expect(plan.refusal(pod: nil, containers: [:]) == nil, "nothing is enforced where nothing is counted")
    }

    @Test("CPU is taken away whatever is in use")
    func cpu() {
        let plan = Self.plan(Self.resources("1Mi 2", ["1Mi 2"]), Self.resources("1Mi 1", ["1Mi 1"]))
        #expect(!plan.lowersMemoryLimits)
    }

    @Test("the cgroup of a step has the step's CPU and memory and everything else of the spec")
    func cgroups() throws {
        let pod = try PodLife.pod(
            #"{"overhead":{"cpu":"10m"},"containers":[{"name":"c","image":"b","resources":{"requests":{"cpu":"1","memory":"1Mi"},"limits":{"cpu":"2","memory":"2Mi","hugepages-2Mi":"4Mi"}}}]}"#
        )
        let rules = ResourceRules(podPidsLimit: 7)
        let other = ComputeResources(requests: ["cpu": Quantity(3)], limits: ["memory": Quantity(bytes: 8 << 20)])
        let whole = pod.spec.cgroupResources(rules, enforcing: other)
        #expect(whole.cpuRequest == 3010 && whole.cpuLimit == nil && whole.memoryLimit == 8 << 20)
        #expect(whole.pidsLimit == 7 && whole.hugepageLimits == ["2MB": 4 << 20])
        let one = pod.spec.cgroupResources(of: pod.spec.containers[0], rules, isCritical: false, enforcing: other)
        #expect(one.cpuRequest == 3000 && one.cpuLimit == nil && one.memoryLimit == 8 << 20 && one.hugepageLimits == ["2MB": 4 << 20])
    }
}
