import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Pod manager after a restart", .timeLimit(.minutes(1)))
struct PodManagerRecoveryTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }
    private let identity = PodIdentity(namespace: "default", name: "web", uid: "u1")

    private func exited(_ id: String, count: Int, code: Int = 1) -> RecoveredSandbox.Container {
        .init(
            configuration: NodeBench.configuration(id: id, restartCount: count, messageFile: "/messages/main"),
            condition: .exited(ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 9), exitCode: code)))
    }

    private func terminated(_ id: String, _ message: String?) -> ContainerState {
        .terminated(.init(exitCode: 1, reason: "Error", message: message, containerID: "swiftlet://\(id)"))
    }

    /// The status of the pod's container once the manager knows the pod, which the API server shows like this.
    private func status(state: ContainerState, last: ContainerState = ContainerState(), count: Int) async throws -> ContainerStatus? {
        let pod = NodeBench.pod(restartPolicy: .never) { pod in
            var container = ContainerStatus(name: "main", image: "app", state: state)
            container.lastState = last
            container.restartCount = count
            pod.status = PodStatus(phase: .running)
            pod.status?.startTime = Timestamp(seconds: 1)
            pod.status?.containerStatuses = [container]
            pod.spec.containers[0].terminationMessagePolicy = "FallbackToLogsOnError"
        }
        var shown: ContainerStatus?
        try await bench.run {
            bench.list([pod])
            await bench.statuses.wait { !$0.isEmpty }
            shown = await bench.manager.pods().first?.status?.container(named: "main")
        }
        return shown
    }

    /// The file is the running one's.
    @Test("the termination message of the container before the running one comes from the status")
    func theMessageOfTheRunBeforeComesFromTheStatus() async throws {
        node.state.withLock { state in
            state.messages["/messages/main"] = "what the second one says"
            state.recovered = [
                NodeBench.sandbox(
                    "s1", of: identity,
                    [exited("c0", count: 0), NodeBench.running(NodeBench.configuration(id: "c1", restartCount: 1, messageFile: "/messages/main"))])
            ]
        }
        let shown = try await status(state: .running(since: Timestamp(seconds: 5)), last: terminated("c0", "what the first one said"), count: 1)
        #expect(shown?.lastState.terminated?.message == "what the first one said")
        #expect(shown?.state.running != nil)
    }

    @Test("the latest container's termination message comes from its file, an earlier one's from its log")
    func theMessageOfTheLastRunComesFromItsFile() async throws {
        node.state.withLock { state in
            state.messages["/messages/main"] = "the second one's last words"
            state.logTails = ["/logs/web/main/0.log": "the first one's log"]
            state.recovered = [NodeBench.sandbox("s1", of: identity, [exited("c0", count: 0), exited("c1", count: 1)])]
        }
        let shown = try await status(state: .running(since: Timestamp(seconds: 5)), count: 1)
        #expect(shown?.state.terminated?.message == "the second one's last words")
        #expect(shown?.lastState.terminated?.message == "the first one's log")
    }

    /// A start that the earlier agent did not live to see has emptied the file.
    @Test("a termination message that the status has is not read again")
    func aMessageThatWasToldIsNotReadAgain() async throws {
        let launched = RecoveredSandbox.Container(
            configuration: NodeBench.configuration(id: "c1", restartCount: 1, messageFile: "/messages/main"), condition: .neverStarted)
        node.state.withLock { state in
            state.messages["/messages/main"] = ""
            state.recovered = [NodeBench.sandbox("s1", of: identity, [exited("c0", count: 0), launched])]
        }
        let shown = try await status(state: terminated("c0", "said and told"), count: 0)
        #expect(shown?.state.terminated?.message == "said and told")
    }

    @Test("a log number that an earlier agent used is not used again")
    func aLogOfBeforeIsNotWrittenAgain() async throws {
        node.state.withLock { $0.lastLogs = ["main": 6] }
        try await bench.run {
            var seen = PodStatus(phase: .pending)
            seen.startTime = Timestamp(seconds: 1)
            bench.list([NodeBench.pod { $0.status = seen }])
            await node.did.wait { $0.contains { $0.hasPrefix("start main") } }
        }
        #expect(node.state.withLock { $0.started.map(\.restartCount) } == [7])
    }

    @Test("a pod with a forbidden sysctl fails before a sandbox is made")
    func aPodWithAForbiddenSysctlFailsAtOnce() async throws {
        let context: PodSecurityContext = try Wire.decode(["sysctls": [["name": "kernel.msgmax", "value": "1"]]])
        let pod = NodeBench.pod { $0.spec.securityContext = context }
        try await bench.run {
            bench.list([pod])
            await bench.statuses.wait { $0.contains(#"patch web Failed Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted"#) }
            await bench.events.calls.wait { $0.map(\.text) == ["create SysctlForbidden"] }
        }
        #expect(node.didNot("create sandbox"))
    }

    /// It was let in by an earlier agent.
    @Test("a pod that runs already is not refused")
    func aPodThatRunsIsNotRefused() async throws {
        node.state.withLock { $0.recovered = [NodeBench.sandbox("s1", of: identity, running: "c1")] }
        let context: PodSecurityContext = try Wire.decode(["sysctls": [["name": "kernel.msgmax", "value": "1"]]])
        try await bench.run {
            bench.list([NodeBench.pod { $0.spec.securityContext = context }])
            await bench.statuses.wait { !$0.isEmpty }
            #expect(await bench.manager.pods().first?.status?.phase == .running)
        }
    }

    @Test(
        "a signal that cannot be sent is repeated; a container that the runtime does not have has ended",
        arguments: [([RuntimeFailure.Code.internal], ["stop id-2", "stop id-2"]), ([.internal, .notFound], ["stop id-2", "stop id-2"])])
    func signalsAreRepeated(failures: [RuntimeFailure.Code], did: [String]) async throws {
        node.state.withLock { $0.signalFailures = failures }
        try await bench.run {
            let pod = NodeBench.pod()
            bench.list([pod])
            await bench.statuses.wait { $0.contains { $0.contains("Running") } }
            var deleted = pod
            deleted.metadata.deletionTimestamp = bench.time.wallTime()
            deleted.metadata.deletionGracePeriodSeconds = 30
            bench.list([deleted])
            await bench.events.calls.wait { $0.contains { $0.text == "create FailedKillPod" } }
            await bench.time.waitForSleeper(until: .seconds(1))
            bench.time.advance(by: .seconds(1))
            await bench.statuses.wait { $0.last == "delete web u1" }
        }
        #expect(node.did.entries.filter { $0.hasPrefix("stop id") || $0.hasPrefix("kill") } == did)
    }
}
