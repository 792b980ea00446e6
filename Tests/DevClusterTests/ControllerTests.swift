import Addresses
import KubeModel
import TestSupport
import Testing

@testable import DevCluster

@Suite("Controllers")
struct ControllerTests {
    @Test("the scheduler spreads pods over ready nodes that fit") func schedulerSpreadsOverReadyNodesThatFit() async throws {
        let store = try await Fixtures.store()
        for node in [Fixtures.node("a"), Fixtures.node("b"), Fixtures.node("down", ready: "Unknown"), Fixtures.node("small", cpu: "10m")] {
            _ = try await Fixtures.create(.nodes, node, store)
        }
        for index in 0..<4 { _ = try await Fixtures.create(.pods, Fixtures.pod("p\(index)", node: nil, cpu: "500m"), store) }
        try await Scheduler().reconcile(store)
        let pods = await store.list(.pods)
        #expect(pods.map { $0.text("spec", "nodeName") }.sorted() == ["a", "a", "b", "b"])
        let condition = try #require(pods[0].condition("PodScheduled"))
        #expect(
            condition == [
                "type": "PodScheduled", "status": "True", "lastProbeTime": .null, "lastTransitionTime": .string(Fixtures.time.rfc3339()),
                "observedGeneration": 1,
            ])
    }

    @Test("a pod that fits no node shows why") func schedulerSaysWhyNot() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.nodes, Fixtures.node("a"), store)
        _ = try await Fixtures.create(.pods, Fixtures.pod("big", node: nil, cpu: "64"), store)
        try await Scheduler().reconcile(store)
        let pod = try #require(await store.list(.pods).first)
        #expect(pod.text("spec", "nodeName").isEmpty)
        #expect(pod.condition("PodScheduled")?.text("message") == "0/1 nodes are available: 1 Insufficient cpu.")
        #expect(await store.list(.events).map { $0.text("reason") } == ["FailedScheduling"])
    }

    @Test("each node gets its own pod range") func nodesGetTheirOwnRange() async throws {
        let store = try await Fixtures.store()
        for name in ["a", "b"] { _ = try await Fixtures.create(.nodes, Fixtures.node(name), store) }
        try await NodeRangeController(podRange: try #require(CIDR(ipv4Block: "10.244.0.0/16"))).reconcile(store)
        #expect(await store.list(.nodes).map { $0.text("spec", "podCIDR") } == ["10.244.0.0/24", "10.244.1.0/24"])
    }

    @Test("a new namespace gets its account and authority, a deleted one is emptied") func aNamespaceIsFurnishedAndEmptied() async throws {
        let store = try await Fixtures.store()
        let controller = NamespaceController(rules: Fixtures.rules, authorityPEM: "PEM")
        _ = try await Fixtures.create(.namespaces, ["metadata": ["name": "x"]], store)
        try await controller.reconcile(store)
        #expect(await store.get(.configMaps, ObjectKey(namespace: "x", name: "kube-root-ca.crt"))?["data", "ca.crt"] == "PEM")
        #expect(await store.get(.serviceAccounts, ObjectKey(namespace: "x", name: "default")) != nil)
        let pending = try await Fixtures.delete(.namespaces, "x", store).object
        #expect(pending.text("status", "phase") == "Terminating")
        let refused = await #expect(throws: APIError.self) {
            try await store.transaction {
                try Fixtures.rules.create(.configMaps, namespace: "x", ["metadata": ["name": "y"]], by: Fixtures.admin, dryRun: false, $0)
            }
        }
        #expect(refused?.code == 403)
        try await controller.reconcile(store)
        #expect(await store.get(.namespaces, ObjectKey(namespace: "", name: "x")) == nil)
        #expect(await store.list(.configMaps, ObjectFilter(namespace: "x")).isEmpty)
    }

    @Test("a node whose lease is not renewed becomes Unknown after the grace period") func aNodeWithoutRenewalIsUnknown() async throws {
        let time = ManualTime()
        let store = ObjectStore(time: time)
        _ = try await Fixtures.create(.nodes, Fixtures.node("a"), store)
        var controller = NodeLifecycle(graceSeconds: 40)
        #expect(try await controller.reconcile(store) == 40)
        time.advance(by: .seconds(39))
        #expect(try await controller.reconcile(store) == 1)
        #expect(await store.list(.nodes)[0].condition("Ready")?.text("status") == "True")
        time.advance(by: .seconds(1))
        #expect(try await controller.reconcile(store) == nil)
        let ready = await store.list(.nodes)[0].condition("Ready")
        #expect(ready?.text("status") == "Unknown" && ready?.text("reason") == "NodeStatusUnknown")
    }

    @Test("events expire after an hour") func eventsExpire() async throws {
        let time = ManualTime()
        let store = ObjectStore(time: time)
        _ = try await Fixtures.create(.namespaces, ["metadata": ["name": "default"]], store)
        _ = try await Fixtures.create(.events, ["metadata": ["name": "e"], "involvedObject": ["kind": "Pod", "name": "p"]], store)
        var controller = EventExpiry()
        #expect(try await controller.reconcile(store) == 3600)
        time.advance(by: .seconds(3600))
        #expect(try await controller.reconcile(store) == nil)
        #expect(await store.list(.events).isEmpty)
    }
}
