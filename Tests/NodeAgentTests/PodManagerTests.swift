import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Pod manager", .timeLimit(.minutes(1)))
struct PodManagerTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func exit(_ code: Int) -> ContainerExit {
        ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 1_800_000_100), exitCode: code)
    }

    private func mainState() async -> ContainerState? { await bench.manager.pods().first?.status?.containerStatuses?.first?.state }

    /// Waits for a status of this phase and returns the pod as the endpoint shows it.
    private func shown(_ phase: PodPhase) async -> Pod? {
        await bench.statuses.wait { $0.contains { $0.contains(phase.rawValue) } }
        return await bench.manager.pods().first
    }

    @Test("a pod runs, is deleted, and everything of it is removed in order")
    func aPodLivesAndGoes() async throws {
        let pod = NodeBench.pod()
        try await bench.run {
            bench.list([pod])
            let running = await shown(.running)
            #expect(running?.status?.podIP == "10.0.0.7")
            #expect(running?.status?.hostIP == "192.0.2.1")
            #expect(running?.status?.containerStatuses?.first?.containerID == "swiftlet://id-2")
            #expect(await bench.manager.files(ofContainer: "id-2")?.logPath == "/logs/web/main/0.log")

            var deleted = pod
            deleted.metadata.deletionTimestamp = bench.time.wallTime()
            deleted.metadata.deletionGracePeriodSeconds = 30
            bench.list([deleted])
            await bench.statuses.wait { $0.last == "delete web u1" }
            bench.delete(deleted)
            await node.did.wait { $0.last == "release " }
            #expect(await bench.manager.count == 0)
            #expect(await bench.manager.files(ofContainer: "id-2") == nil)
            #expect(bench.sandboxes.podUID(ofSandbox: "id-1") == nil)
        }
        #expect(
            node.did.entries == [
                "hold ", "create sandbox id-1", "start main id-2", "stop id-2", "stop sandbox id-1", "detach id-1", "detach id-1", "tear down u1",
                "remove sandbox id-1", "remove all u1", "release ",
            ])
        #expect(bench.events.created.map(\.reason) == ["Pulled", "Created", "Started", "Killing"])
    }

    @Test("a pod that claims devices waits, and nothing of it starts")
    func claimedDevices() async throws {
        try await bench.run {
            bench.list([NodeBench.pod { $0.spec.resourceClaims = [PodResourceClaim(name: "gpu", resourceClaimName: "one")] }])
            await bench.events.calls.wait { $0.contains { $0.text == "create FailedPrepareDynamicResources" } }
            await bench.time.waitForSleeper(until: .seconds(1))
            #expect(await mainState()?.waiting?.reason == "ContainerCreating")
            #expect(!node.did.entries.contains { $0.hasPrefix("create sandbox") || $0.hasPrefix("start") })
        }
    }

    @Test("a variable comes from a file in a volume, without which the container does not start", arguments: [true, false])
    func environmentFile(isThere: Bool) async throws {
        if isThere { node.state.withLock { $0.filesInVolumes["/pods/u1/v/env"] = "K='v'\n" } }
        var pod = NodeBench.pod()
        pod.spec = try Wire.decode(
            PodSpec.self,
            #"""
            {"volumes":[{"name":"v","emptyDir":{}}],"containers":[{"name":"main","image":"app","volumeMounts":[{"name":"v","mountPath":"/v"}],
             "env":[{"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"v","path":"env","key":"K"}}}]}]}
            """#)
        try await bench.run {
            bench.list([pod])
            if isThere {
                _ = await shown(.running)
                #expect(node.state.withLock { $0.started.first?.process.env.contains("A=v") } == true)
            } else {
                try await eventually("the problem") { await mainState()?.waiting?.reason == "CreateContainerConfigError" }
                #expect(await mainState()?.waiting?.message == #"environment variable key "K" not found in file "env" of volume "v""#)
                #expect(node.state.withLock { $0.started.isEmpty })
            }
        }
    }

    @Test("a pod that is run and deleted costs three status writes and a deletion")
    func aPodLifeCostsFewWrites() async throws {
        let pod = NodeBench.pod { $0.metadata.generation = 1 }
        try await bench.run {
            bench.list([pod])
            _ = await shown(.running)
            var deleted = pod
            deleted.metadata.generation = 2
            deleted.metadata.deletionTimestamp = bench.time.wallTime()
            deleted.metadata.deletionGracePeriodSeconds = 30
            bench.list([deleted])
            await bench.statuses.wait { $0.last == "delete web u1" }
        }
        let calls = bench.statuses.entries
        #expect(calls.first == "patch web Running -")
        #expect(calls.suffix(2) == ["patch web Failed -", "delete web u1"])
        #expect(calls.count { $0.hasPrefix("patch") } <= 3, "\(calls)")
        #expect(calls.count { $0.hasPrefix("delete") } == 1)
    }

    @Test("a running pod that another client has marked as not ready is ready again")
    func notReadyInTheAPI() async throws {
        let pod = NodeBench.pod { $0.metadata.resourceVersion = "1" }
        try await bench.run {
            bench.list([pod])
            var marked = try #require(await shown(.running))
            marked.metadata.resourceVersion = "2"
            let ready = try #require(marked.status?.conditions?.firstIndex { $0.type == "Ready" && $0.status == "True" })
            marked.status?.conditions?[ready].status = "False"
            bench.list([marked])
            await bench.statuses.wait(count: 2)
        }
        #expect(bench.statuses.entries == ["patch web Running -", "patch web Running -"])
    }

    @Test("an exit reported before the start's result ends the pod")
    func anEndThatIsToldBeforeTheStart() async throws {
        node.state.withLock { $0.exitBeforeStartAnswer = exit(3) }
        try await bench.run {
            bench.list([NodeBench.pod(restartPolicy: .never)])
            let pod = await shown(.failed)
            #expect(pod?.status?.containerStatuses?.first?.state.terminated?.exitCode == 3)
        }
    }

    @Test(
        "the termination message comes from the container's file, or from its log if the policy allows it",
        arguments: [
            (1, "from the file" as String?, nil as String?, "from the file" as String?), (1, nil, "FallbackToLogsOnError", "from the log"),
            (0, nil, "FallbackToLogsOnError", nil), (1, nil, nil, nil), (1, "", "FallbackToLogsOnError", "from the log"),
            (1, "from the file", "FallbackToLogsOnError", "from the file"),
        ])
    func terminationMessage(code: Int, file: String?, policy: String?, wanted: String?) async throws {
        node.state.withLock { state in
            state.messages["/messages/main"] = file
            state.logTails["/logs/web/main/0.log"] = "from the log"
        }
        try await bench.run {
            bench.list([NodeBench.pod(restartPolicy: .never) { $0.spec.containers[0].terminationMessagePolicy = policy }])
            _ = await shown(.running)
            node.tell(.containerExited(sandboxID: "id-1", containerID: "id-2", exit(code)))
            let pod = await shown(code == 0 ? .succeeded : .failed)
            #expect(pod?.status?.containerStatuses?.first?.state.terminated?.message == wanted)
        }
    }

    @Test("a container that exits again starts after the back-off, and the container superseded twice is removed")
    func restartsAfterTheBackOff() async throws {
        try await bench.run {
            bench.list([NodeBench.pod()])
            _ = await shown(.running)
            node.tell(.containerExited(sandboxID: "id-1", containerID: "id-2", exit(1)))
            await node.did.wait { $0.contains("start main id-3") }
            await bench.events.calls.wait { $0.count == 6 }
            node.tell(.containerExited(sandboxID: "id-1", containerID: "id-3", exit(1)))
            await bench.time.waitForSleeper(until: .seconds(10))
            #expect(node.didNot("start main id-4"))
            bench.time.advance(by: .seconds(10))
            await node.did.wait { $0.contains("start main id-4") }
            // The container superseded twice is removed, with its log.
            #expect(node.did.entries.contains("remove id-2"))
        }
    }

    @Test("sandboxes and folders of pods that are not in the API are removed once")
    func whatIsLeftOfUnknownPodsIsRemovedOnce() async throws {
        let gone = PodIdentity(namespace: "default", name: "gone", uid: "u0")
        node.state.withLock { state in
            state.recovered = [NodeBench.sandbox("s0", of: gone, running: "c0")]
            state.podsOnDisk = ["u0", "u1", "u9"]
            state.podsWithLogs = ["u0", "u1", "u5"].map { PodIdentity(namespace: "default", name: "logged", uid: $0) }
            state.signalFailures = [.internal]
        }
        try await bench.run {
            bench.list([NodeBench.pod()])
            await node.did.wait { $0.contains("stop c0") }
            await bench.time.waitForSleeper(until: .seconds(1))
            bench.time.advance(by: .seconds(1))
            await node.did.wait { entries in ["u0", "u5", "u9"].allSatisfy { entries.contains("remove all \($0)") } }
            _ = await shown(.running)
        }
        let did = node.did.entries
        // With a signal first, which is sent again when it could not be.
        #expect(
            did.filter { $0.contains("u0") || $0.contains("s0") || $0.contains("c0") } == [
                "stop c0", "stop c0", "stop sandbox s0", "detach s0", "detach s0", "tear down u0", "remove sandbox s0", "remove all u0",
            ])
        #expect(did.filter { $0.contains("u9") } == ["tear down u9", "remove all u9"])
        #expect(node.didNot("tear down u1"))
        #expect(bench.sandboxes.podUID(ofSandbox: "s0") == nil)
    }

    @Test("a running pod is recovered without a new sandbox or start")
    func aRunningPodIsFoundAgain() async throws {
        let pod = NodeBench.pod(restartPolicy: .never)
        node.state.withLock { state in
            state.recovered = [NodeBench.sandbox("s1", of: PodIdentity(namespace: "default", name: "web", uid: "u1"), running: "c1")]
            state.podsOnDisk = ["u1"]
        }
        try await bench.run {
            bench.list([pod])
            let running = await shown(.running)
            #expect(running?.status?.containerStatuses?.first?.containerID == "swiftlet://c1")
            node.tell(.containerExited(sandboxID: "s1", containerID: "c1", exit(0)))
            _ = await shown(.succeeded)
        }
        #expect(node.didNot("create sandbox"))
        #expect(node.didNot("start"))
    }

    /// While the API server is away the manager does not know the pod yet, but its container may end.
    @Test("an exit before the API's pods are known reaches its pod")
    func anEndBeforeThePodsAreKnownIsNotLost() async throws {
        node.state.withLock { state in
            state.recovered = [NodeBench.sandbox("s1", of: PodIdentity(namespace: "default", name: "web", uid: "u1"), running: "c1")]
            state.messages["/messages/c1"] = "bye"
        }
        node.tell(.containerExited(sandboxID: "s1", containerID: "c1", exit(0)))
        try await bench.run {
            // The manager is up and has had its turn before it gets the pod.
            for _ in 0..<100 { await Task.yield() }
            bench.list([NodeBench.pod(restartPolicy: .never)])
            let pod = await shown(.succeeded)
            #expect(pod?.status?.containerStatuses?.first?.state.terminated?.message == "bye")
        }
    }

    @Test("another pod of one name takes over from the earlier pod")
    func anotherPodOfTheSameNameTakesOver() async throws {
        try await bench.run {
            bench.list([NodeBench.pod(uid: "u1")])
            _ = await shown(.running)
            bench.list([NodeBench.pod(uid: "u2")])
            await node.did.wait { $0.contains("remove all u1") && $0.contains { $0.hasPrefix("start main") && $0 != "start main id-2" } }
            let machine = await bench.manager.machine(ofPod: ObjectKey(namespace: "default", name: "web"), uid: nil)
            #expect(machine?.pod.uid == "u2")
        }
        // Nothing is written about the one that is gone.
        #expect(bench.statuses.entries.allSatisfy { !$0.contains("delete") })
    }

    @Test("a pod waits for the pod network without a sandbox, and begins as soon as it is there")
    func waitsForTheNetwork() async throws {
        node.state.withLock { $0.networkIsSetUp = false }
        try await bench.run {
            bench.list([NodeBench.pod()])
            await bench.events.calls.wait { $0.contains { $0.text == "create NetworkNotReady" } }
            #expect(bench.sandboxes.podUID(ofSandbox: "id-1") == nil)
            node.state.withLock { $0.networkIsSetUp = true }
            await bench.manager.networkReady()
            #expect(await shown(.running)?.status?.podIP == "10.0.0.7")
            #expect(bench.time.now() == .zero)
        }
    }

    @Test("a sandbox whose network fails is removed and made again")
    func aSandboxWithoutNetworkIsTakenBack() async throws {
        node.state.withLock { $0.networkFailures = 1 }
        try await bench.run {
            bench.list([NodeBench.pod()])
            await node.did.wait { $0.contains("remove sandbox id-1") }
            await bench.events.calls.wait { $0.contains { $0.text == "create FailedCreatePodSandBox" } }
            #expect(bench.sandboxes.podUID(ofSandbox: "id-1") == nil)
            await bench.time.waitForSleeper(until: .seconds(1))
            bench.time.advance(by: .seconds(1))
            let pod = await shown(.running)
            #expect(pod?.status?.podIP == "10.0.0.7")
        }
    }

    @Test(
        "a runtime class whose handler this node does not have is refused until the node has it",
        arguments: [
            (nil, #"runtimeclass.node.k8s.io "fast" not found"#), ("kata", #"no runtime for "kata" is configured"#),
        ])
    func runtimeClasses(handler: String?, problem: String) async throws {
        node.state.withLock { $0.runtimeClasses["fast"] = handler }
        try await bench.run {
            bench.list([NodeBench.pod { $0.spec.runtimeClassName = "fast" }])
            await bench.events.calls.wait { $0.contains { $0.text == "create FailedCreatePodSandBox" } }
            #expect(bench.events.created.first?.message.contains(problem) == true, "\(bench.events.created.map(\.message))")
            node.state.withLock { $0.runtimeClasses["fast"] = "runc" }
            await bench.time.waitForSleeper(until: .seconds(1))
            bench.time.advance(by: .seconds(1))
            #expect(await shown(.running)?.status?.podIP == "10.0.0.7")
        }
    }

    @Test("host ports are forwarded before the first container starts")
    func hostPortsAreForwardedBeforeTheFirstStart() async throws {
        let ports: [ContainerPort] = try [
            Wire.decode(["containerPort": 80, "hostPort": 8080]), Wire.decode(["containerPort": 53, "hostPort": 53, "protocol": "UDP"]),
        ]
        try await bench.run {
            bench.list([NodeBench.pod { $0.spec.containers[0].ports = ports }])
            _ = await shown(.running)
        }
        let did = node.did.entries.filter { $0.hasPrefix("forward") || $0.hasPrefix("start") }
        #expect(did == ["forward *:8080/TCP to 10.0.0.7", "forward *:53/UDP to 10.0.0.7", "start main id-2"])
    }
}
