import KubeModel
import PodCore
import TestSupport
import Testing

@testable import KubeClient
@testable import NodeAgent

@Suite("The node by which pods are admitted", .timeLimit(.minutes(1)))
struct OwnNodeTests {
    private let time = ManualTime()

    private func reporter(_ api: FakeNodeAPI, events: EventRecorder? = nil) -> NodeReporter {
        let node = FakeNode()
        return NodeReporter(
            settings: NodeSettings(name: "node-1", maxPods: 30, swiftletVersion: "1.0"), api: api, host: SmallHost(), images: node, network: node,
            readiness: NodeReadiness(), events: events ?? EventRecorder(api: FakeEventAPI(), nodeName: "node-1", time: time, logger: .silent),
            time: time, logger: .silent)
    }

    @Test("a node without an address names the flag for it, once") func withoutAddress() async throws {
        let (events, node) = (FakeEventAPI(), FakeNode())
        let recorder = EventRecorder(api: events, nodeName: "node-1", time: time, logger: .silent)
        let readiness = NodeReadiness()
        let reporter = NodeReporter(
            settings: NodeSettings(name: "node-1", swiftletVersion: "1.0"), api: FakeNodeAPI(), host: SmallHost(addresses: []), images: node,
            network: node, readiness: readiness, events: recorder, time: time, logger: .silent)
        try await reporter.register()
        try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: ChangeMailbox(initial: [:]))) }) {
            try await whileRunning({ await recorder.run() }) {
                await events.calls.wait { $0.contains { $0.text == "create NoNodeAddress" } }
                #expect(events.created.contains { $0.reason == "NoNodeAddress" && $0.message.contains("--node-ip") })
            }
        }
    }

    /// The object of an earlier agent, when the machine was smaller.
    private func earlier() throws -> Node {
        try Wire.decode([
            "metadata": ["name": "node-1", "labels": ["disk": "ssd"]],
            "status": ["allocatable": ["cpu": "1", "pods": "5"], "capacity": ["cpu": "1", "pods": "5", "example.com/fpga": "2"]],
        ])
    }

    @Test("it is known with the first status of this agent, not with an earlier agent's, and is announced once")
    func firstStatus() async throws {
        let reporter = reporter(FakeNodeAPI(node: try earlier()))
        #expect(reporter.ownNode == nil)
        try await reporter.register()
        #expect(reporter.node != nil && reporter.ownNode == nil)
        var announcements = reporter.firstStatus.makeAsyncIterator()
        try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: ChangeMailbox(initial: [:]))) }) {
            await announcements.next()
            let node = try #require(reporter.ownNode)
            #expect(node.metadata.labels?["disk"] == "ssd")
            let allocatable = node.status?.allocatable
            #expect(allocatable?["cpu"] == Quantity(4) && allocatable?["pods"] == Quantity(30) && allocatable?["example.com/fpga"] == Quantity(2))
        }
    }

    @Test("the labels and annotations of an existing object that every node has are put right, and others stay")
    func adoption() async throws {
        let attachment = "volumes.kubernetes.io/controller-managed-attach-detach"
        let api = FakeNodeAPI(
            node: Node(metadata: ObjectMeta(name: "node-1", labels: ["disk": "ssd"], annotations: [attachment: "false", "a": "b"])))
        let reporter = reporter(api)
        try await reporter.register()
        #expect(api.node?.metadata.annotations == [attachment: "true", "a": "b"])
        #expect(api.node?.metadata.labels?["disk"] == "ssd" && api.node?.metadata.labels?["kubernetes.io/os"] == "linux")
        try await reporter.register()
        #expect(api.calls.entries.filter { $0 == "patch node" }.count == 1)
    }

    @Test("a node that is cordoned and uncordoned has an event for each change")
    func cordon() async throws {
        let events = FakeEventAPI()
        let recorder = EventRecorder(api: events, nodeName: "node-1", time: time, logger: .silent)
        let api = FakeNodeAPI()
        let reporter = reporter(api, events: recorder)
        try await reporter.register()
        let updates = ChangeMailbox<Node>(initial: [:])
        func show(unschedulable: Bool) async throws {
            let node = try await api.patchNode(named: "node-1", ["spec": ["unschedulable": .bool(unschedulable)]])
            updates.add([node.key: .stored(node)])
        }
        try await whileRunning({ await recorder.run() }) {
            try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: updates)) }) {
                try await show(unschedulable: true)
                await events.calls.wait { $0.contains { $0.text == "create NodeNotSchedulable" } }
                try await show(unschedulable: false)
                await events.calls.wait { $0.contains { $0.text == "create NodeSchedulable" } }
            }
        }
        let told = events.created.filter { $0.reason.hasSuffix("Schedulable") }
        #expect(told.map(\.message) == ["NodeNotSchedulable", "NodeSchedulable"].map { "Node node-1 status is now: \($0)" })
    }

    @Test("a label that the watch has not brought yet is there after a read, and a failed read changes nothing")
    func reading() async throws {
        let api = FakeNodeAPI(node: try earlier())
        let reporter = reporter(api)
        try await reporter.register()
        var announcements = reporter.firstStatus.makeAsyncIterator()
        try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: ChangeMailbox(initial: [:]))) }) {
            await announcements.next()
            await api.calls.wait { $0.contains("patch status") }
            _ = try await api.patchNode(named: "node-1", ["metadata": ["labels": ["zone": "a"]]])
            let read = await reporter.readOwnNode()
            #expect(read?.metadata.labels?["zone"] == "a" && read?.status?.allocatable?["cpu"] == Quantity(4))
            #expect(reporter.ownNode?.metadata.labels?["zone"] == "a")
            api.forgetNode()
            #expect(await reporter.readOwnNode() == nil)
            #expect(reporter.ownNode?.metadata.labels?["zone"] == "a")
        }
    }

    @Test("the answer to a written status does not hide a later state that the watch has shown meanwhile")
    func olderAnswer() async throws {
        let stored: Node = try Wire.decode(["metadata": ["name": "node-1", "uid": "u", "resourceVersion": "1"]])
        let api = FakeNodeAPI(node: stored, answers: Turnstile(permits: 0))
        let reporter = reporter(api)
        try await reporter.register()
        let updates = ChangeMailbox<Node>(initial: [:])
        var changes = reporter.nodeChanges.makeAsyncIterator()
        try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: updates)) }) {
            await api.calls.wait { $0.contains("patch status") }
            let later: Node = try Wire.decode(
                ["metadata": ["name": "node-1", "uid": "u", "resourceVersion": "3"], "spec": ["podCIDRs": ["10.0.1.0/24"]]])
            updates.add([later.key: .stored(later)])
            await changes.next()
            #expect(reporter.podRanges == ["10.0.1.0/24"])
            api.answers.permitOne()
            await changes.next()
            #expect(reporter.podRanges == ["10.0.1.0/24"])
            api.answers.open()
        }
    }
}
