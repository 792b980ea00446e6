import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Pods after a restart of the agent or a reboot")
struct PodRecoveryTests {
    private static let withInit = #"{"initContainers":[{"name":"i","image":"b"}],"containers":[{"name":"c","image":"b"}]}"#
    private static let done = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 1), exitCode: 0)
    private static let killed = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 1), exitCode: 137, isKnown: false)

    private func container(
        _ name: String, _ condition: RecoveredSandbox.ContainerCondition, count: Int = 0, role: ContainerConfiguration.Role = .regular
    ) -> RecoveredSandbox.Container {
        let process = ContainerConfiguration.Process(
            args: ["sh"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
            seccomp: .unconfined)
        let configuration = ContainerConfiguration(
            id: "old-\(name)-\(count)", name: name, role: role, restartCount: count, image: "b", imageID: "i", lowerDirectories: [], process: process,
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: .init(path: "/log"))
        return .init(configuration: configuration, condition: condition)
    }

    private func running(_ name: String, count: Int = 0) -> RecoveredSandbox.Container {
        container(name, .running(StartedContainer(id: "old-\(name)-\(count)", pid: 4, startedAt: Timestamp(seconds: 1))), count: count)
    }

    /// A sandbox that is by default younger than all its events.
    private func sandbox(
        _ attempt: Int, isRunning: Bool, createdAt: Int64 = 1_800_100_000, addresses: [String] = ["10.0.0.9"],
        _ containers: RecoveredSandbox.Container...
    ) -> RecoveredSandbox {
        RecoveredSandbox(
            configuration: SandboxConfiguration(
                id: "s\(attempt)", pod: PodIdentity(namespace: "default", name: "p", uid: "u-1"), attempt: attempt, hostname: "p",
                qosClass: "BestEffort"),
            createdAt: Timestamp(seconds: createdAt), addresses: addresses, isRunning: isRunning, networkNamespacePath: nil, containers: containers
        )
    }

    /// A pod whose init container is done and whose regular one runs.
    private func initialized() throws -> PodLife {
        var life = PodLife(try PodLife.pod(Self.withInit))
        life.exit("i", code: 0)
        return life
    }

    @Test("after a reboot init containers run again, before the others")
    func reboot() throws {
        var life = try initialized().next()
        #expect(life.starts == ["i 1"])
        #expect(life.events.map(\.reason) == ["SandboxChanged"])
        #expect(life.containerStatus("i")?.lastState.terminated?.exitCode == 0)
        #expect(life.containerStatus("c")?.state.terminated?.reason == "ContainerStatusUnknown")
        life.exit("i", code: 0)
        #expect(life.starts == ["i 1", "c 1"])
        #expect(life.phases == [.running])
    }

    @Test("a sandbox that died while no agent was there is replaced, and init containers run again")
    func deadSandbox() throws {
        let found = sandbox(0, isRunning: false, container("i", .exited(Self.done), role: .initial), container("c", .exited(Self.killed)))
        var life = try initialized().next(finding: [found])
        #expect(life.actions.contains(.stopSandbox(id: "s0")) && life.actions.contains(.createSandbox(attempt: 1)))
        #expect(life.starts == ["i 1"])
        life.exit("i", code: 0)
        #expect(life.starts == ["i 1", "c 1"])
    }

    @Test("in a sandbox that runs, only its own init containers' ends count")
    func initOfAnEarlierSandbox() throws {
        let before = sandbox(0, isRunning: false, container("i", .exited(Self.done), role: .initial), container("c", .exited(Self.killed)))
        #expect(try initialized().next(finding: [before, sandbox(1, isRunning: true)]).starts == ["i 1"])
        let ran = sandbox(1, isRunning: true, container("i", .exited(Self.done), count: 1, role: .initial))
        #expect(try initialized().next(finding: [before, ran]).starts == ["c 1"])
        // Without a record of the init container: a regular container proves that it has run.
        let runs = try initialized().next(finding: [before, sandbox(1, isRunning: true, running("c", count: 1))])
        #expect(runs.starts.isEmpty)
        #expect(runs.containerStatus("i")?.state.terminated?.reason == "Completed")
    }

    @Test("an end that restarts all containers does so under the next agent too, and only once", arguments: [false, true])
    func restartOfAll(isDone: Bool) throws {
        let rule = #""restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[42]}}]"#
        let spec = #"{"containers":[{"name":"c","image":"b","restartPolicy":"Always",\#(rule)},{"name":"d","image":"b"}]}"#
        let end = ContainerExit(startedAt: Timestamp(seconds: 1), finishedAt: Timestamp(seconds: 5), exitCode: 42)
        let startedAt = Timestamp(seconds: isDone ? 6 : 4)
        let other = container("d", .running(StartedContainer(id: "old-d-1", pid: 4, startedAt: startedAt)), count: 1)
        let found = sandbox(0, isRunning: true, container("c", .exited(end)), other)
        var life = try PodLife(PodLife.pod(spec)).next(finding: [found])
        let stops = life.actions.contains { if case .stopContainer(id: "old-d-1", _, _) = $0 { true } else { false } }
        #expect(stops == !isDone)
        #expect(life.starts == (isDone ? ["c 1"] : []))
        life.exit("d", code: 0)
        #expect(life.starts == ["c 1", "d 2"])
    }

    @Test("a restart of all containers goes on under the next agent with the container that it had reached")
    func restartOfAllHalfDone() throws {
        let rule = #""restartPolicy":"Never","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[42]}}]"#
        let spec =
            #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"},{"name":"j","image":"b"}],"containers":[{"name":"c","image":"b",\#(rule)},{"name":"d","image":"b"}]}"#
        func end(_ start: Int64, _ finish: Int64, _ code: Int) -> RecoveredSandbox.ContainerCondition {
            .exited(ContainerExit(startedAt: Timestamp(seconds: start), finishedAt: Timestamp(seconds: finish), exitCode: code))
        }
        let found = sandbox(
            0, isRunning: true, createdAt: 1, container("i", end(1, 2, 0), role: .initial), container("j", end(2, 3, 0), role: .initial),
            container("c", end(4, 9, 42)), container("d", end(5, 10, 143)),
            container("i", .running(StartedContainer(id: "old-i-1", pid: 4, startedAt: Timestamp(seconds: 11))), count: 1, role: .initial))
        var life = try PodLife(PodLife.pod(spec)).next(finding: [found])
        #expect(life.starts.isEmpty)
        life.exit("i", code: 0)
        #expect(life.starts == ["j 1"])
        life.exit("j", code: 0)
        #expect(life.starts == ["j 1", "c 1", "d 1"])
        #expect(!life.actions.contains { if case .stopContainer = $0 { true } else { false } })
    }

    @Test("a container that could not be started keeps its count, its last end and its reason, though it left no record")
    func startErrors() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)) { action, life in
            guard case .startContainer(_, let count, _, let sandboxID, _) = action else { return life.obey(action) }
            let kind = ContainerProblem.Kind.start(id: "x\(count)", sandboxID: sandboxID, imageID: "b")
            return .containerFailed(container: "c", ContainerProblem(kind, message: "exec: not found"))
        }
        life.pass(.seconds(400))
        let count = try #require(life.containerStatus("c")?.restartCount)
        #expect(count > 4)
        #expect(life.containerStatus("c")?.state.waiting != nil)
        let next = life.next(finding: [sandbox(0, isRunning: true)])
        #expect(next.starts == ["c \(count + 1)"])
        #expect(next.statuses.first?.container(named: "c")?.restartCount == count)
        #expect(next.statuses.first?.container(named: "c")?.state.waiting?.reason == life.containerStatus("c")?.state.waiting?.reason)
        #expect(next.containerStatus("c")?.lastState.terminated?.reason == "StartError")
        // While it waits for its image it is still the container that ended.
        var waiting = life.next(finding: [sandbox(0, isRunning: true)]) { if case .ensureImage = $0 { nil } else { $1.obey($0) } }
        var pod = waiting.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 9)
        waiting.receive(.updated(pod))
        #expect(waiting.containerStatus("c")?.state.terminated?.reason == "StartError")
        // An older record of the same container does not hide it.
        #expect(life.next(finding: [sandbox(0, isRunning: true, container("c", .exited(Self.done)))]).starts == ["c \(count + 1)"])
    }

    @Test("the end before the current one is known from the status when its record is gone")
    func lastState() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#))
        life.exit("c", code: 3)
        let next = life.next(finding: [sandbox(0, isRunning: true, running("c", count: 1))])
        #expect(next.containerStatus("c")?.lastState.terminated?.exitCode == 3)
        #expect(next.containerStatus("c")?.restartCount == 1)
    }

    @Test("a log number that an earlier agent used is not used again")
    func logs() throws {
        let life = try initialized().next(finding: [sandbox(0, isRunning: true)], lastLogs: ["i": 4])
        #expect(life.starts == ["i 5"])
        // A container with a record has its number from there: the launch without a result may have made a log.
        let launched = sandbox(0, isRunning: true, container("i", .exited(Self.done), role: .initial), container("c", .neverStarted))
        let young = PodLife(try PodLife.pod(Self.withInit)) { if case .createSandbox = $0 { nil } else { $1.obey($0) } }
        #expect(young.next(finding: [launched], lastLogs: ["i": 0, "c": 0]).starts == ["c 0"])
    }

    @Test("a pod that may run only once is over after a reboot, unless nothing of it had run")
    func runOnce() throws {
        let spec = #"{"restartPolicy":"Never","containers":[{"name":"c","image":"b"}]}"#
        let over = PodLife(try PodLife.pod(spec)).next()
        #expect(over.sandboxesMade == 0)
        #expect(over.status.phase == .failed)
        #expect(over.containerStatus("c")?.state.terminated?.reason == "ContainerStatusUnknown")
        let young = PodLife(try PodLife.pod(spec)) { if case .ensureImage = $0 { nil } else { $1.obey($0) } }
        #expect(young.next().starts == ["c 0"])
    }

    @Test(
        "an init container that could not be started has failed in the sandbox that was there then",
        arguments: [(Int64(1_800_000_000), PodPhase.failed), (1_800_000_001, .running)])
    func initStartError(createdAt: Int64, phase: PodPhase) throws {
        let spec = #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"}],"containers":[{"name":"c","image":"b"}]}"#
        let life = PodLife(try PodLife.pod(spec)) { action, life in
            switch action {
            case .startContainer(_, _, _, let sandboxID, _):
                .containerFailed(
                    container: "i", ContainerProblem(.start(id: "x", sandboxID: sandboxID, imageID: "b"), message: "exec: not found"))
            case .stopSandbox: nil
            default: life.obey(action)
            }
        }
        var next = life.next(finding: [sandbox(0, isRunning: true, createdAt: createdAt)])
        next.exit("i", code: 0)
        #expect(next.status.phase == phase)
    }

    @Test("a pod that was deleted while its sandbox died keeps its init containers' ends")
    func deletedMeanwhile() throws {
        var life = try initialized()
        var pod = life.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_100)
        life.receive(.updated(pod))
        let found = sandbox(0, isRunning: false, container("i", .exited(Self.done), role: .initial), container("c", .exited(Self.killed)))
        let next = life.next(finding: [found])
        #expect(next.containerStatus("i")?.state.terminated?.reason == "Completed")
        #expect(next.events.isEmpty && next.machine.mayDeleteFromAPI)
    }

    @Test("a sandbox without an address that still runs is stopped before its pod, which has become terminal, gives anything back")
    func halfMadeSandboxOfATerminalPod() throws {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)
        pod.status = PodStatus(phase: .failed)
        let now = Moment(wall: Timestamp(seconds: 1_800_000_000), monotonic: .zero)
        var machine = PodMachine(pod: pod, startTime: now.wall)
        machine.adopt([sandbox(0, isRunning: true, addresses: [])], at: now) { _ in nil }
        #expect(machine.decide(at: now) == [.stopSandbox(id: "s0")])
        machine.receive(.sandboxStopped, at: now)
        #expect(machine.decide(at: now) == [.cleanUp(sandboxIDs: ["s0"])])
    }

    /// The deletion was asked for at second 10 with 30 seconds of grace.
    @Test(
        "the grace period goes on under the next agent, which gives at least two seconds",
        arguments: [(Int64(10), Int64(30)), (25, 15), (39, 2), (1000, 2), (0, 30)])
    func graceGoesOn(now: Int64, left: Int64) throws {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_000 - now + 40)
        pod.metadata.deletionGracePeriodSeconds = 30
        var machine = PodMachine(pod: pod, startTime: Timestamp(seconds: 1_800_000_000))
        machine.adopt([sandbox(0, isRunning: true, running("c"))], at: Moment(wall: Timestamp(seconds: 1_800_000_000), monotonic: .zero)) { _ in nil }
        var life = PodLife(machine)
        let kill = PodAction.stopContainer(id: "old-c-0", sandboxID: "s0", signal: .kill)
        life.pass(.seconds(left) - .milliseconds(1))
        #expect(!life.actions.contains(kill) && life.actions.contains(.stopContainer(id: "old-c-0", sandboxID: "s0", signal: .stop)))
        life.pass(.milliseconds(1))
        #expect(life.actions.contains(kill))
    }

    @Test("a lost sandbox that cannot be stopped is tried again after a while, not at once")
    func failingStop() throws {
        let found = sandbox(0, isRunning: false, container("c", .exited(Self.killed)))
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)).next(finding: [found]) { action, life in
            if case .stopSandbox = action { life.tries == 5 ? nil : .sandboxStopFailed(message: "no") } else { life.obey(action) }
        }
        #expect(life.tries == 1)
        life.pass(.seconds(2))
        #expect(life.tries == 2)
        life.pass(.seconds(4))
        #expect(life.tries == 4)
    }

    @Test("why a pod is over stays in its status")
    func verdictIsKept() throws {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)
        pod.status = PodStatus(phase: .failed)
        pod.status?.reason = "Evicted"
        pod.status?.message = "The node was low on resource: memory."
        pod.status?.containerStatuses = [ContainerStatus(name: "c", image: "b")]
        let life = PodLife(pod)
        #expect(life.status.reason == "Evicted" && life.status.message == "The node was low on resource: memory.")
        #expect(life.status.containerStatuses?.count == 1)
    }
}

extension PodLife {
    fileprivate var tries: Int { actions.count { if case .stopSandbox = $0 { true } else { false } } }
}
