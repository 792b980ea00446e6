import DevCluster
import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Node status plan")
struct NodeStatusPlanTests {
    private let now = Timestamp(seconds: 1_800_000_000, nanoseconds: 5)

    private func host(memory: Int64 = 8 << 30, hugepages: [String: Int64] = [:]) -> HostDescription {
        HostDescription(
            hostname: "node-1", machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.18", osImage: "Debian", architecture: "amd64",
            processors: 4, memory: memory, ephemeralStorage: 100 << 30, hugepages: hugepages, addresses: ["192.0.2.1", "2001:db8::1"])
    }

    private func plan(
        reserved: [String: String] = [:], host: HostDescription? = nil, problem: String? = nil, images: [ImageDescription] = [], maxImages: Int = 50
    ) -> NodeStatusPlan {
        let settings = NodeSettings(
            name: "node-1", labels: ["zone": "a", "kubernetes.io/os": "plan9"], reserved: reserved.compactMapValues { Quantity($0) },
            swiftletVersion: "1.0", maxImages: maxImages, runtimeHandlers: ["runc"])
        return NodeStatusPlan(settings: settings, host: host ?? self.host(), problem: problem, images: images)
    }

    @Test("a condition changed by another writer is noticed")
    func aConditionThatSomebodyElseChangedIsNoticed() {
        let own = plan().status(existing: nil, at: now)
        var stored = own
        stored.conditions?.append(NodeCondition(type: "KernelDeadlock", status: true, reason: "r", message: "m"))
        #expect(!own.isContradicted(by: stored), "a foreign condition is none of this node's business")
        #expect(!own.isContradicted(by: nil))
        let ready = stored.conditions?.firstIndex { $0.type == "Ready" } ?? 0
        stored.conditions?[ready].status = "Unknown"
        #expect(own.isContradicted(by: stored))
    }

    @Test("declared features follow the host's")
    func featuresFollowTheHost() {
        var able = host()
        able.supportsUserNamespaces = true
        for (host, expected) in [(host(), false), (able, true)] {
            let status = plan(host: host).status(existing: nil, at: now)
            let features = RuntimeHandler.Features(recursiveReadOnlyMounts: true, userNamespaces: expected)
            #expect(status.runtimeHandlers == [RuntimeHandler(name: "", features: features), RuntimeHandler(name: "runc", features: features)])
            #expect(status.features == NodeFeatures(supplementalGroupsPolicy: true))
        }
    }

    @Test("reserved resources are not allocatable")
    func whatIsReservedIsNotAllocatable() {
        let host = host(hugepages: ["2Mi": 1 << 30, "1Gi": 1 << 30])
        let reserved = ["cpu": "250m", "memory": "1Gi", "ephemeral-storage": "10Gi", "hugepages-2Mi": "512Mi", "hugepages-1Gi": "2Gi"]
        let status = plan(reserved: reserved, host: host).status(existing: nil, at: now)
        #expect(
            status.capacity?.mapValues(\.text) == [
                "cpu": "4", "memory": "8388608Ki", "pods": "110", "ephemeral-storage": "104857600Ki", "hugepages-2Mi": "1Gi", "hugepages-1Gi": "1Gi",
            ])
        // 8 GiB less 1 GiB reserved, 2 GiB huge pages and the 100 MiB at which pods are evicted.
        #expect(status.allocatable?["memory"]?.text == "\((5 << 20) - (100 << 10))Ki")
        #expect(status.allocatable?["cpu"]?.text == "3750m")
        // A tenth is where eviction begins.
        #expect(status.allocatable?["ephemeral-storage"]?.value == 80 << 30)
        #expect(status.allocatable?["hugepages-2Mi"]?.text == "512Mi" && status.allocatable?["hugepages-1Gi"]?.isZero == true)
        #expect(status.allocatable?["pods"]?.text == "110")
    }

    @Test("allocatable is never negative")
    func allocatableIsNeverNegative() {
        let status = plan(reserved: ["cpu": "5", "memory": "9Gi", "ephemeral-storage": "1Ti"]).status(existing: nil, at: now)
        #expect(status.allocatable?["cpu"]?.text == "0")
        #expect(status.allocatable?["memory"]?.isZero == true)
        #expect(status.allocatable?["ephemeral-storage"]?.isZero == true)
    }

    @Test("extended resources of other writers stay")
    func extendedResourcesOfOthersStay() {
        var existing = NodeStatus()
        existing.capacity = ["example.com/gpu": Quantity(2), "cpu": Quantity(99), "hugepages-1Gi": Quantity(1)]
        let status = plan().status(existing: existing, at: now)
        #expect(status.capacity?["example.com/gpu"]?.text == "2")
        #expect(status.allocatable?["example.com/gpu"]?.text == "2")
        #expect(status.capacity?["cpu"]?.text == "4")
        #expect(status.capacity?["hugepages-1Gi"] == nil)
    }

    @Test("a condition keeps the time of its last change")
    func aConditionKeepsTheTimeOfItsLastChange() throws {
        let before = plan(problem: "no network").status(existing: nil, at: now)
        let later = now.advanced(bySeconds: 60)
        let same = plan(problem: "still no network").status(existing: before, at: later)
        let ready = plan().status(existing: same, at: later.advanced(bySeconds: 60))
        func condition(_ status: NodeStatus) throws -> NodeCondition { try #require(status.conditions?.first { $0.type == "Ready" }) }
        #expect(try condition(before).status == "False")
        #expect(try condition(same).message == "still no network")
        #expect(try condition(same).lastTransitionTime == now.wholeSeconds)
        #expect(try condition(same).lastHeartbeatTime == later.wholeSeconds)
        #expect(try condition(ready).status == "True")
        #expect(try condition(ready).reason == "KubeletReady")
        #expect(try condition(ready).lastTransitionTime == later.advanced(bySeconds: 60).wholeSeconds)
    }

    @Test("another heartbeat alone is not a change")
    func onlyTheHeartbeatIsNoChange() {
        let status = plan().status(existing: nil, at: now)
        #expect(plan().status(existing: status, at: now.advanced(bySeconds: 10)).isEquivalent(to: status))
        #expect(!plan(problem: "x").status(existing: status, at: now).isEquivalent(to: status))
        // A condition that had no time yet gets one that survives the wire.
        var bare = status
        for index in bare.conditions?.indices ?? 0..<0 { bare.conditions?[index].lastTransitionTime = nil }
        let healed = plan().status(existing: bare, at: now)
        #expect(healed.conditions?.allSatisfy { $0.lastTransitionTime == now.wholeSeconds } == true)
    }

    @Test("the Node object describes the machine")
    func theNodeSaysWhatItIs() {
        let node = plan().node(at: now)
        #expect(node.metadata.labels?["kubernetes.io/os"] == "linux")
        #expect(node.metadata.labels?["kubernetes.io/hostname"] == "node-1")
        #expect(node.metadata.labels?["zone"] == "a")
        #expect(
            node.status?.addresses == [
                NodeAddress(type: "InternalIP", address: "192.0.2.1"), NodeAddress(type: "InternalIP", address: "2001:db8::1"),
                NodeAddress(type: "Hostname", address: "node-1"),
            ])
        #expect(node.status?.nodeInfo?.kubeletVersion == "v1.36.2")
    }

    @Test("a machine without any way out keeps the addresses that were reported before, if it still has them")
    func addressesOfAnEarlierAgent() {
        let before = plan().status(existing: nil, at: now)
        var lost = host()
        lost.addresses = []
        lost.presentAddresses = ["192.0.2.1", "192.0.2.77"]
        #expect(plan(host: lost).status(existing: before, at: now).internalIPs == ["192.0.2.1"])
        #expect(plan(host: lost).status(existing: nil, at: now).internalIPs.isEmpty)
    }

    @Test("swap is reported where the machine has it")
    func swap() throws {
        var swapping = host()
        swapping.swap = 2 << 30
        #expect(plan(host: swapping).status(existing: nil, at: now).nodeInfo?.swap?.capacity == 2 << 30)
        let without = try Wire.encode(plan().status(existing: nil, at: now))
        #expect(without["nodeInfo", "swap"] == nil && without["nodeInfo", "architecture"] != nil)
    }

    @Test("the largest images are listed")
    func theLargestImagesAreTold() {
        let images = (1...4).map { size in
            ImageDescription(
                id: "sha256:\(size)", names: (0..<4).map { "name-\($0)" }, repoDigests: ["a@\(size)", "b@\(size)"], size: Int64(size),
                config: ImageConfig(), lowerDirectories: [])
        }
        let told = plan(images: images, maxImages: 2).status(existing: nil, at: now).images
        #expect(told?.map(\.sizeBytes) == [4, 3])
        #expect(told?.first?.names == ["a@4", "b@4", "name-0", "name-1", "name-2"])
    }

    /// The API server merges addresses by type: two addresses of one type and an old address of another must come out as reported.
    @Test("the patch replaces addresses")
    func thePatchReplacesAddresses() throws {
        var old = NodeStatus()
        old.addresses = [NodeAddress(type: "InternalIP", address: "192.0.2.9"), NodeAddress(type: "ExternalIP", address: "198.51.100.1")]
        let status = plan().status(existing: old, at: now)
        let patched = try StrategicMergePatch.apply(NodeReporter.patch(status), to: ["status": try Wire.encode(old)], kind: "Node")
        let found: NodeStatus = try Wire.decode(#require(patched["status"]))
        #expect(found.addresses == status.addresses)
    }
}
