import KubeModel
import NodeAgent
import PodCore
import Testing

/// The settings of node and pods that configuration and machine give together.
@Suite struct NodeSettingsTests {
    private let host = HostDescription(
        hostname: "machine", machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.18", osImage: "Debian", architecture: "amd64",
        processors: 4, memory: 1000, ephemeralStorage: 2000, hugepages: [:], addresses: [])

    private func configuration(_ lines: String) throws -> AgentConfiguration {
        try ConfigurationLoader.parse([("a.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + lines)])
    }

    private func settings(_ configuration: AgentConfiguration, _ host: HostDescription? = nil) throws -> NodeSettings {
        try NodeSettings(configuration, host: host ?? self.host, swiftletVersion: "0.1.0")
    }

    @Test("the node has the machine's name unless another one is given") func name() throws {
        var configuration = try configuration("")
        #expect(try settings(configuration).name == "machine")
        configuration.process.hostnameOverride = "other"
        #expect(try settings(configuration).name == "other")
    }

    @Test("an unspecified address stands for the machine's own of its family") func addresses() throws {
        let found = ["192.0.2.1", "2001:db8::1"]
        for (given, wanted) in [
            ([], found), (["::"], ["2001:db8::1"]), (["0.0.0.0"], ["192.0.2.1"]), (["::", "0.0.0.0"], ["2001:db8::1", "192.0.2.1"]),
            (["192.0.2.9", "::"], ["192.0.2.9", "2001:db8::1"]), (["192.0.2.9"], ["192.0.2.9"]),
        ] {
            var configuration = try configuration("")
            configuration.process.nodeIPs = given
            #expect(try settings(configuration).addresses(of: found) == wanted)
        }
        var configuration = try configuration("")
        configuration.process.nodeIPs = ["::"]
        #expect(try settings(configuration).addresses(of: ["192.0.2.1"]).isEmpty)
    }

    @Test("reservations for the system and for Kubernetes are added") func reserved() throws {
        let configuration = try configuration("systemReserved: {cpu: 100m, memory: 1Gi}\nkubeReserved: {cpu: 200m, pid: '5'}\n")
        let reserved = try settings(configuration).reserved
        #expect(reserved.keys.sorted() == ["cpu", "memory", "pid"])
        #expect(reserved["cpu"]?.milliValue == 300 && reserved["memory"]?.value == 1 << 30 && reserved["pid"]?.value == 5)
    }

    @Test("eviction thresholds are bytes of memory and a share of the file system") func thresholds() throws {
        let configuration = try configuration("evictionHard: {memory.available: '10%', nodefs.available: '500'}\n")
        #expect(try settings(configuration).memoryEvictionThreshold == 100)
        #expect(try settings(configuration).storageEvictionShare == 0.25)
        var empty = host
        empty.ephemeralStorage = 0
        #expect(try settings(configuration, empty).storageEvictionShare == 0)
    }

    @Test("-1 lifts the limits of images in the status and of process ids in a pod") func unlimited() throws {
        let none = try configuration("nodeStatusMaxImages: -1\npodPidsLimit: -1\n")
        #expect(try settings(none).maxImages == .max)
        #expect(ResourceRules(none.kubelet, memory: 1, swap: 2).podPidsLimit == nil)
        let some = try configuration("nodeStatusMaxImages: 7\npodPidsLimit: 8\ncpuCFSQuotaPeriod: 50ms\nsingleProcessOOMKill: true\n")
        #expect(try settings(some).maxImages == 7)
        #expect(
            ResourceRules(some.kubelet, memory: 1, swap: 2)
                == ResourceRules(podPidsLimit: 8, cpuPeriod: 50_000, killsTogether: false, nodeMemory: 1, nodeSwap: 2))
    }

    @Test("a taint without a value has none") func taints() throws {
        let configuration = try configuration("registerWithTaints: [{key: a, effect: NoSchedule}, {key: b, value: c, effect: NoExecute}]\n")
        #expect(
            try settings(configuration).taints == [
                Taint(key: "a", value: nil, effect: "NoSchedule"), Taint(key: "b", value: "c", effect: "NoExecute"),
            ])
    }

    @Test(
        "a node has the machine's whole name in lower case",
        arguments: [("Node-B.Corp.Example", "node-b.corp.example"), ("node", "node"), (" node\n", "node")])
    func hostnames(name: String, node: String) throws {
        var host = host
        host.hostname = name
        #expect(try settings(try configuration(""), host).name == node)
    }

    @Test(
        "a name that no node can have is an error that shows it and the flag",
        arguments: ["node_c", "(none)", "-x", "x-", "", "a..b", String(repeating: "a", count: 64)])
    func badHostnames(name: String) throws {
        var host = host
        host.hostname = name
        var configuration = try configuration("")
        let error = #expect(throws: ConfigurationError.self) { try settings(configuration, host) }
        #expect(error?.description.contains("the machine's host name: found '\(name)'") == true)
        #expect(error?.description.contains("--hostname-override") == true)
        configuration.process.hostnameOverride = name
        #expect(throws: ConfigurationError.self) { try settings(configuration) }
        configuration.process.hostnameOverride = "Good"
        #expect(try settings(configuration, host).name == "good")
    }

    @Test("page sizes have the names of Kubernetes") func pageSizes() {
        #expect(HostDescription.pageSizeName(2 << 20) == "2Mi" && HostDescription.pageSizeName(1 << 30) == "1Gi")
        #expect(HostDescription.pageSizeName(64 << 10) == "64Ki")
    }

    @Test("kernel parameters that differ are set, left alone, or refused by name") func kernelParameters() throws {
        #expect(try KernelParameterPolicy.set.toSet(["a is 0, wanted 1"]) == ["a is 0, wanted 1"])
        #expect(try KernelParameterPolicy.leave.toSet(["a is 0, wanted 1"]) == [])
        #expect(try KernelParameterPolicy.refuse.toSet([String]()) == [])
        let error = #expect(throws: PlanFailure.self) { try KernelParameterPolicy.refuse.toSet(["a is 0, wanted 1", "b is 2, wanted 3"]) }
        #expect(error?.message.contains("a is 0, wanted 1; b is 2, wanted 3; set them with sysctl") == true)
    }

    @Test("protectKernelDefaults refuses; otherwise setKernelParameters decides") func kernelParameterPolicy() throws {
        var configuration = try configuration("")
        configuration.swiftlet.setKernelParameters = true
        configuration.swiftlet.requireControllers = true
        #expect(KernelParameterPolicy(configuration) == .set)
        configuration.swiftlet.requireControllers = false
        #expect(KernelParameterPolicy(configuration) == .leave)
        configuration.kubelet.protectKernelDefaults = true
        #expect(KernelParameterPolicy(configuration) == .refuse)
    }
}
