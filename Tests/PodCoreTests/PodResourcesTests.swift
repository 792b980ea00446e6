import KubeModel
import PodCore
import Testing

/// QoS class, sums, cgroup limits and OOM scores, against the rules of `k8s.io/component-helpers` and kubelet's `ResourceConfigForPod`.
@Suite struct PodResourcesTests {
    private static func list(_ amounts: [String: String]) -> [String: Quantity]? {
        amounts.isEmpty ? nil : amounts.compactMapValues { Quantity($0) }
    }

    private static func resources(_ requests: [String: String], _ limits: [String: String]) -> ResourceRequirements {
        ResourceRequirements(limits: list(limits), requests: list(requests))
    }

    private static func container(
        _ name: String, _ requests: [String: String] = [:], _ limits: [String: String] = [:], sidecar: Bool = false
    ) -> Container {
        var container = Container(name: name, image: "image")
        container.resources = resources(requests, limits)
        if sidecar { container.restartPolicy = .always }
        return container
    }

    private static func pod(_ containers: [Container], initial: [Container] = [], _ change: (inout PodSpec) -> Void = { _ in }) -> PodSpec {
        var spec = PodSpec(containers: containers)
        spec.initContainers = initial.isEmpty ? nil : initial
        change(&spec)
        return spec
    }

    private let rules = ResourceRules(podPidsLimit: 100, nodeMemory: 8 << 30, nodeSwap: 4 << 30)

    @Test("a pod is guaranteed when every container has CPU and memory limits that equal its requests")
    func guaranteed() {
        let all = ["cpu": "500m", "memory": "64Mi"]
        let spec = Self.pod([Self.container("a", all, all), Self.container("b", [:], ["cpu": "1", "memory": "1Gi"])])
        #expect(spec.qosClass == .guaranteed)
        #expect(
            spec.cgroupResources(rules)
                == CgroupResources(
                    cpuRequest: 1500, cpuLimit: 1500, memoryLimit: 1088 << 20, pidsLimit: 100, cpuPeriod: 100_000, killsTogether: false))
        #expect(
            spec.cgroupResources(of: spec.containers[1], rules, isCritical: false)
                == CgroupResources(
                    cpuRequest: 1000, cpuLimit: 1000, memoryLimit: 1 << 30, swapLimit: 0, cpuPeriod: 100_000, killsTogether: true))
        #expect(spec.oomScore(of: spec.containers[0], nodeMemory: 8 << 30, isCritical: false) == -997)
    }

    @Test("a pod without CPU or memory requests and limits is best effort")
    func bestEffort() {
        let spec = Self.pod([Self.container("a")]) { $0.overhead = Self.list(["cpu": "250m", "memory": "64Mi"]) }
        #expect(spec.qosClass == .bestEffort)
        // Overhead alone makes nothing burstable.
        #expect(
            spec.cgroupResources(rules) == CgroupResources(cpuRequest: 0, pidsLimit: 100, cpuPeriod: 100_000, killsTogether: false))
        #expect(
            spec.cgroupResources(of: spec.containers[0], rules, isCritical: false)
                == CgroupResources(cpuRequest: 0, swapLimit: 0, cpuPeriod: 100_000, killsTogether: true))
        #expect(spec.oomScore(of: spec.containers[0], nodeMemory: 8 << 30, isCritical: false) == 1000)
    }

    @Test("the pod has a limit only if every container has it")
    func aLimitOfThePodNeedsEveryContainer() {
        let limited = Self.container("a", ["cpu": "100m", "memory": "32Mi"], ["cpu": "1", "memory": "64Mi"])
        let half = Self.container("b", ["cpu": "100m"], ["memory": "64Mi"])
        let spec = Self.pod([limited, half])
        #expect(spec.qosClass == .burstable)
        #expect(spec.aggregateResources.limits == Self.list(["memory": "128Mi"]))
        let resources = spec.cgroupResources(rules)
        #expect(resources.cpuRequest == 200 && resources.cpuLimit == nil && resources.memoryLimit == 128 << 20)
        // An init container without a limit could take all, and a limit of 0 is none.
        let initial = Self.pod([limited], initial: [Self.container("i", ["cpu": "2"], ["cpu": "0", "memory": "1Gi"])]).cgroupResources(rules)
        #expect(initial.cpuRequest == 2000 && initial.cpuLimit == nil && initial.memoryLimit == 1 << 30)
    }

    /// Sidecars run beside everything that starts after them.
    @Test("an init container counts together with the sidecars before it")
    func initContainersCountWithTheSidecarsBeforeThem() {
        func cpu(_ name: String, _ amount: String, sidecar: Bool = false) -> Container { Self.container(name, ["cpu": amount], sidecar: sidecar) }
        func total(_ initial: [Container], _ regular: [Container]) -> Int64? {
            Self.pod(regular, initial: initial).cgroupResources(rules).cpuRequest
        }
        #expect(total([cpu("i", "3")], [cpu("a", "1"), cpu("b", "1")]) == 3000)
        #expect(total([cpu("i", "1")], [cpu("a", "1"), cpu("b", "1")]) == 2000)
        #expect(total([cpu("s", "1", sidecar: true), cpu("i", "3")], [cpu("a", "1")]) == 4000)
        #expect(total([cpu("i", "3"), cpu("s", "1", sidecar: true)], [cpu("a", "1")]) == 3000)
        #expect(total([cpu("s", "1", sidecar: true), cpu("i", "1"), cpu("t", "2", sidecar: true)], [cpu("a", "1")]) == 4000)
    }

    @Test("the runtime class' overhead is added where there is a request or a limit")
    func overheadCountsWhereSomethingCounts() {
        let overhead = Self.list(["cpu": "250m", "memory": "64Mi"])
        let full = Self.pod([Self.container("a", ["cpu": "500m", "memory": "32Mi"], ["cpu": "1", "memory": "64Mi"])]) { $0.overhead = overhead }
        let resources = full.cgroupResources(rules)
        #expect(resources.cpuRequest == 750 && resources.cpuLimit == 1250 && resources.memoryLimit == 128 << 20)
        #expect(full.aggregateResources.requests?["cpu"] == Quantity("500m"), "the status leaves it out")
        let open = Self.pod([Self.container("a", ["memory": "32Mi"])]) { $0.overhead = overhead }.cgroupResources(rules)
        #expect(open.cpuRequest == 250 && open.cpuLimit == nil && open.memoryLimit == nil)
    }

    /// `spec.resources`.
    @Test("the pod's own resources replace the sums of its containers")
    func thePodsOwnResourcesReplaceTheSums() {
        let own = Self.container("a", ["cpu": "100m", "memory": "32Mi"], ["memory": "48Mi", "hugepages-2Mi": "2Mi"])
        let spec = Self.pod([own, Self.container("b")]) {
            $0.resources = Self.resources(
                ["cpu": "1", "memory": "128Mi"], ["cpu": "2", "memory": "256Mi", "hugepages-2Mi": "8Mi", "ephemeral-storage": "1Gi"])
        }
        #expect(spec.qosClass == .burstable)
        #expect(spec.aggregateResources.limits == Self.list(["cpu": "2", "memory": "256Mi", "hugepages-2Mi": "8Mi"]))
        let resources = spec.cgroupResources(rules)
        #expect(resources.cpuRequest == 1000 && resources.cpuLimit == 2000 && resources.memoryLimit == 256 << 20)
        #expect(resources.hugepageLimits == ["2MB": 8 << 20])
        let a = spec.cgroupResources(of: spec.containers[0], rules, isCritical: false)
        #expect(a.cpuRequest == 100 && a.cpuLimit == 2000 && a.memoryLimit == 48 << 20 && a.hugepageLimits == ["2MB": 2 << 20])
        let b = spec.cgroupResources(of: spec.containers[1], rules, isCritical: false)
        #expect(b.cpuRequest == 2000 && b.cpuLimit == 2000 && b.memoryLimit == 256 << 20 && b.hugepageLimits == ["2MB": 8 << 20])

        let same = Self.resources(["cpu": "1", "memory": "1Gi"], ["cpu": "1", "memory": "1Gi"])
        #expect(Self.pod([Self.container("a")]) { $0.resources = same }.qosClass == .guaranteed)
        #expect(
            Self.pod([Self.container("a", ["cpu": "1"])]) { $0.resources = ResourceRequirements(limits: [:], requests: [:]) }.qosClass == .burstable)
    }

    @Test("huge pages are counted by the kernel's names of their sizes")
    func hugepagesByTheKernelsNames() {
        let limits = ["cpu": "1", "hugepages-2Mi": "4Mi", "hugepages-1Gi": "2Gi", "hugepages-64Ki": "128Ki", "hugepages-x": "1"]
        let spec = Self.pod([Self.container("a", [:], limits), Self.container("b")])
        let wanted: [String: Int64] = ["2MB": 4 << 20, "1GB": 2 << 30, "64KB": 128 << 10]
        #expect(spec.cgroupResources(of: spec.containers[0], rules, isCritical: false).hugepageLimits == wanted)
        #expect(spec.cgroupResources(rules).hugepageLimits == wanted, "not every container needs a limit of huge pages")
        #expect(spec.cgroupResources(of: spec.containers[1], rules, isCritical: false).hugepageLimits.isEmpty)
    }

    @Test("the node's rules decide on CPU quota, its period, process limits and OOM kills")
    func nodeRules() {
        let limits = ["cpu": "500m", "memory": "64Mi"]
        let spec = Self.pod([Self.container("a", limits, limits)])
        let loose = ResourceRules(enforcesCPULimits: false, cpuPeriod: 20_000, killsTogether: false)
        let container = spec.cgroupResources(of: spec.containers[0], loose, isCritical: false)
        #expect(container.cpuLimit == nil && container.cpuPeriod == 20_000 && container.killsTogether == false && container.cpuRequest == 500)
        let pod = spec.cgroupResources(loose)
        #expect(pod.cpuLimit == nil && pod.pidsLimit == nil && pod.memoryLimit == 64 << 20)
    }

    @Test("only burstable containers that request less memory than their limit may swap")
    func swapIsForBurstableContainersThatAskedForLessThanTheyMay() {
        var limited = rules
        limited.swap = .limitedSwap
        let a = Self.container("a", ["memory": "2Gi"], ["memory": "3Gi"])
        let equal = Self.container("equal", ["memory": "1Gi"], ["memory": "1Gi"])
        let none = Self.container("none", ["cpu": "1"])
        let open = Self.container("open", ["memory": "16Gi"])
        let spec = Self.pod([a, equal, none, open])
        func swap(_ spec: PodSpec, _ container: Container, _ rules: ResourceRules, isCritical: Bool = false) -> Int64? {
            spec.cgroupResources(of: container, rules, isCritical: isCritical).swapLimit
        }
        #expect(swap(spec, a, limited) == 1 << 30, "a quarter of the memory, a quarter of the swap")
        #expect(swap(spec, equal, limited) == 0 && swap(spec, none, limited) == 0)
        #expect(swap(spec, open, limited) == 4 << 30, "never more than there is")
        #expect(swap(spec, a, rules) == 0, "NoSwap")
        #expect(spec.cgroupResources(limited).swapLimit == nil, "the pod's own cgroup does not forbid what a container may")
        #expect(swap(Self.pod([a]), a, limited, isCritical: true) == 0)
        let guaranteed = Self.pod([Self.container("g", ["cpu": "1", "memory": "1Gi"], ["cpu": "1", "memory": "1Gi"])])
        #expect(swap(guaranteed, guaranteed.containers[0], limited) == 0)
    }

    @Test("a container that requests more memory has a lower OOM score, within kubelet's bounds")
    func oomScores() {
        let node: Int64 = 10 << 30
        func score(_ spec: PodSpec, _ name: String, isCritical: Bool = false) -> Int {
            spec.oomScore(of: (spec.containers + (spec.initContainers ?? [])).first { $0.name == name }!, nodeMemory: node, isCritical: isCritical)
        }
        let tenth = Self.container("tenth", ["memory": "1Gi"])
        #expect(score(Self.pod([tenth]), "tenth") == 900)
        let nodeCritical = Self.pod([tenth]) { $0.priorityClassName = "system-node-critical" }
        #expect(score(nodeCritical, "tenth", isCritical: true) == -997)
        #expect(score(nodeCritical, "tenth") == 900, "the name of a class alone is the word of any client")
        // A pod that the cluster needs is scored like others.
        let clusterCritical = Self.pod([tenth]) { $0.priorityClassName = "system-cluster-critical" }
        #expect(score(clusterCritical, "tenth", isCritical: true) == 900)
        #expect(score(Self.pod([Self.container("all", ["memory": "20Gi"])]), "all") == 3)
        #expect(score(Self.pod([Self.container("cpu", ["cpu": "1"])]), "cpu") == 999)
        #expect(Self.pod([tenth]).oomScore(of: tenth, nodeMemory: 0, isCritical: false) == 999)
        let sidecar = Self.container("sidecar", ["memory": "10Mi"], sidecar: true)
        #expect(score(Self.pod([tenth], initial: [sidecar]), "sidecar") == 900, "not before the container that it serves")
        let shared = Self.pod([tenth, Self.container("other")]) { $0.resources = Self.resources(["memory": "5Gi"], [:]) }
        #expect(score(shared, "tenth") == 700 && score(shared, "other") == 800, "4Gi belong to both alike")
    }
}
