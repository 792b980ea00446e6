import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("What is left of an evicted pod")
struct EvictedPodTests {
    private static let spec = #"{"terminationGracePeriodSeconds":60,"containers":[{"name":"c","image":"b"}]}"#

    private func pod(_ restartPolicy: String = "Always", _ spec: String = spec) throws -> Pod {
        try PodLife.pod(String(spec.dropLast()) + #","restartPolicy":"\#(restartPolicy)"}"#)
    }

    private func signals(_ life: PodLife) -> [StopSignal] {
        life.actions.compactMap { if case .stopContainer(_, _, let signal) = $0 { signal } else { nil } }
    }

    @Test("it has failed with its containers' real exit codes, and nothing starts again", arguments: ["Always", "OnFailure", "Never"], [0, 5])
    func exitCode(restartPolicy: String, code: Int) throws {
        var life = PodLife(try pod(restartPolicy))
        life.receive(.evicted(.storageLimit("too much")))
        #expect(life.status.phase == .running && life.status.reason == nil)
        life.exit("c", code: code)
        life.pass(.seconds(600))
        #expect(life.status.phase == .failed && life.status.reason == "Evicted" && life.status.message == "too much")
        #expect(life.containerStatus("c")?.state.terminated?.exitCode == code && life.containerStatus("c")?.restartCount == 0)
        #expect(life.starts == ["c 0"] && life.phases == [.pending, .running, .failed])
        #expect(life.messages("Evicted") == ["too much"])
        #expect(life.status.conditions?.contains { $0.type == "DisruptionTarget" } == false)
    }

    @Test("it has as little time as the node can wait, at least two seconds between the stop signal and the kill")
    func grace() throws {
        for (limit, seconds) in [(Int64(1), Int64(2)), (0, 2), (20, 20), (600, 60)] {
            var life = PodLife(try pod())
            life.receive(.evicted(.shortage("m", graceLimit: limit)))
            life.pass(.seconds(seconds) - .milliseconds(1))
            #expect(signals(life) == [.stop], "\(limit)")
            life.pass(.milliseconds(1))
            #expect(signals(life) == [.stop, .kill], "\(limit)")
        }
    }

    @Test("an eviction shortens the end of a pod that is being deleted")
    func whileDeleting() throws {
        var life = PodLife(try pod())
        var deleted = life.machine.pod
        deleted.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_100)
        deleted.metadata.deletionGracePeriodSeconds = 60
        life.receive(.updated(deleted))
        life.pass(.seconds(5))
        #expect(signals(life) == [.stop])
        life.receive(.evicted(.shortage("m", graceLimit: 1)))
        life.pass(.seconds(2))
        #expect(signals(life) == [.stop, .kill])
        life.exit("c", code: 137)
        #expect(life.status.phase == .failed && life.status.reason == "Evicted")
    }

    @Test("a shortage shows as a disruption, with the message in the condition")
    func condition() throws {
        var life = PodLife(try pod())
        life.receive(.evicted(.shortage("low", graceLimit: 1)))
        life.exit("c", code: 143)
        let condition = life.status.conditions?.first { $0.type == "DisruptionTarget" }
        #expect(condition?.reason == "TerminationByKubelet" && condition?.message == "low" && condition?.status == "True")
    }

    @Test("under the next agent it ends as well, whether its container still runs or not, and is told once", arguments: [true, false])
    func nextAgent(isRunning: Bool) throws {
        var life = PodLife(try pod())
        life.receive(.evicted(.storageLimit("too much")))
        let configuration = ContainerConfiguration(
            id: "c1", name: "c", role: .regular, restartCount: 0, image: "b", imageID: "b@1", lowerDirectories: [],
            process: .init(
                args: ["sh"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
                seccomp: .unconfined),
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: .init(path: "/log"))
        let exit = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 1_800_000_001), exitCode: 5)
        let condition: RecoveredSandbox.ContainerCondition =
            isRunning ? .running(StartedContainer(id: "c1", pid: 1, startedAt: Timestamp(seconds: 1_800_000_000))) : .exited(exit)
        let sandbox = RecoveredSandbox(
            configuration: SandboxConfiguration(id: "s0", pod: life.machine.identity, attempt: 0, hostname: "p", qosClass: "BestEffort"),
            createdAt: Timestamp(seconds: 1_800_000_000), addresses: ["10.0.0.2"], isRunning: isRunning, networkNamespacePath: nil,
            containers: [.init(configuration: configuration, condition: condition)])
        var pod = life.machine.pod
        pod.status = life.status
        var machine = PodMachine(pod: pod, startTime: Timestamp(seconds: 1_800_000_000))
        machine.resume(.storageLimit("too much"))
        #expect(machine.isOver)
        machine.adopt([sandbox], at: Moment(wall: Timestamp(seconds: 1_800_000_010), monotonic: .zero)) { _ in nil }
        var next = PodLife(machine)
        if isRunning { next.exit("c", code: 5) }
        next.pass(.seconds(600))
        #expect(next.status.phase == .failed && next.status.reason == "Evicted")
        #expect(next.containerStatus("c")?.state.terminated?.exitCode == 5 && next.containerStatus("c")?.restartCount == 0)
        #expect(next.starts.isEmpty && next.sandboxesMade == 0 && next.messages("Evicted").isEmpty && next.machine.holdsNothing)
    }
}
