import KubeModel
import PodCore
import TestSupport
import Testing

@testable import KubeClient
@testable import NodeAgent

@Suite("Shortages in the node's status", .timeLimit(.minutes(1)))
struct NodePressureStatusTests {
    @Test(
        "each shortage has kubelet's words",
        arguments: [
            (NodePressure.memory, "InsufficientMemory", "insufficient memory available", "SufficientMemory", "sufficient memory available"),
            (.disk, "DiskPressure", "disk pressure", "NoDiskPressure", "no disk pressure"),
            (.processIDs, "InsufficientPID", "insufficient PID available", "SufficientPID", "sufficient PID available"),
        ])
    func words(pressure: NodePressure, present: String, presentWords: String, absent: String, absentWords: String) {
        let there = NodeCondition(pressure, .present)
        #expect(there.type == pressure.rawValue && there.status == "True")
        #expect(there.reason == "KubeletHas\(present)" && there.message == "kubelet has \(presentWords)")
        let missing = NodeCondition(pressure, .absent)
        #expect(missing.status == "False" && missing.reason == "KubeletHas\(absent)" && missing.message == "kubelet has \(absentWords)")
        let unknown = NodeCondition(pressure, .unknown(message: "no /proc"))
        #expect(unknown.status == "Unknown" && unknown.reason == "NodeStatusUnknown" && unknown.message == "kubelet cannot measure it: no /proc")
    }

    @Test("a change is written at once, with its event; a shortage that becomes unknown has none")
    func changes() async throws {
        let (time, events, api, board, node) = (ManualTime(), FakeEventAPI(), FakeNodeAPI(), NodePressureBoard(), FakeNode())
        let recorder = EventRecorder(api: events, nodeName: "node-1", time: time, logger: .silent)
        let reporter = NodeReporter(
            settings: NodeSettings(name: "node-1", swiftletVersion: "1.0"), api: api, host: SmallHost(), images: node, network: node,
            readiness: NodeReadiness(), pressures: board, events: recorder, time: time, logger: .silent)
        try await reporter.register()
        func condition() -> NodeCondition? { api.node?.status?.conditions?.first { $0.type == "DiskPressure" } }
        try await whileRunning({ await recorder.run() }) {
            try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: ChangeMailbox(initial: [:]))) }) {
                await api.calls.wait { $0.contains("patch status") }
                board.set(NodePressures([.disk: .present]))
                try await eventually("the condition") { condition()?.status == "True" }
                await events.calls.wait { $0.contains { $0.text == "create NodeHasDiskPressure" } }
                board.set(NodePressures([.disk: .unknown(message: "m")]))
                try await eventually("the unknown condition") { condition()?.status == "Unknown" }
                board.set(NodePressures())
                try await eventually("the end of the condition") { condition()?.status == "False" }
                await events.calls.wait { $0.contains { $0.text == "create NodeHasNoDiskPressure" } || $0.contains { $0.text == "count 2" } }
            }
        }
        #expect(time.now() == .zero)
        #expect(events.created.filter { $0.reason == "NodeHasDiskPressure" }.count == 1)
    }
}
