import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Hooks in a pod's life")
struct PodHookTests {
    private static let postStart = #""lifecycle":{"postStart":{"exec":{"command":["a"]}}}"#
    private static let preStop = #""lifecycle":{"preStop":{"exec":{"command":["a"]}}}"#

    /// A pod whose hooks answer only by ``PodLife/receive(_:)``.
    private func life(_ containers: String, policy: String = "Always", initial: String = "") throws -> PodLife {
        let spec = #"{"restartPolicy":"\#(policy)","initContainers":[\#(initial)],"containers":[\#(containers)]}"#
        return PodLife(try PodLife.pod(spec)) { action, life in
            if case .runHook = action { nil } else { life.obey(action) }
        }
    }

    private func delete(_ life: inout PodLife, grace: Int64) {
        var pod = life.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_000 + grace)
        pod.metadata.deletionGracePeriodSeconds = grace
        life.receive(.updated(pod))
    }

    private func signals(_ life: PodLife) -> [StopSignal] {
        life.actions.compactMap { if case .stopContainer(_, _, let signal) = $0 { signal } else { nil } }
    }

    private func hooks(_ life: PodLife) -> [String] {
        life.actions.compactMap {
            if case .runHook(let kind, let name, _, _, let timeout) = $0 { "\(kind) \(name) \(timeout.map(GoText.duration) ?? "-")" } else { nil }
        }
    }

    @Test("a container is shown as running, and the next one started, once its postStart hook has succeeded")
    func postStart() throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.postStart)},{"name":"d","image":"b"}"#)
        #expect(life.starts == ["c 0"] && hooks(life) == ["postStart c -"])
        #expect(life.states(of: "c") == ["ContainerCreating"] && life.phases == [.pending])
        life.receive(.hookEnded(containerID: "c1", .postStart, .done))
        #expect(life.starts == ["c 0", "d 0"])
        #expect(life.states(of: "c") == ["ContainerCreating", "running"] && life.phases == [.pending, .running])
    }

    @Test("a failed postStart hook ends the container, and its message is the reason that is shown")
    func postStartFails() throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.postStart)}"#)
        life.receive(.hookEnded(containerID: "c1", .postStart, .failed(message: "exited with 5")))
        #expect(signals(life) == [.stop])
        #expect(life.events.suffix(2).map(\.reason) == ["FailedPostStartHook", "Killing"])
        #expect(life.events.suffix(2).map(\.message) == ["PostStartHook failed", "FailedPostStartHook"])
        life.exit("c", code: 0)
        let status = try #require(life.containerStatus("c"))
        #expect(status.state.waiting?.reason == "PostStartHookError" && status.state.waiting?.message == "exited with 5")
        #expect(status.lastState.terminated?.exitCode == 0 && life.status.phase == .running)
        #expect(life.starts == ["c 0", "c 1"], "the first restart is not held back")
        #expect(!life.states(of: "c").contains("running"))
        life.receive(.hookEnded(containerID: "c2", .postStart, .failed(message: "exited with 5")))
        life.exit("c", code: 0)
        #expect(life.containerStatus("c")?.restartCount == 1)
        life.pass(.seconds(9))
        #expect(life.states(of: "c").last == "CrashLoopBackOff" && life.starts.count == 2)
        life.pass(.seconds(1))
        #expect(life.starts == ["c 0", "c 1", "c 2"])
    }

    @Test("with restart policy Never a failed postStart hook is the end of the pod", arguments: [(0, PodPhase.succeeded), (143, .failed)])
    func postStartFailsOnce(code: Int, phase: PodPhase) throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.postStart)}"#, policy: "Never")
        life.receive(.hookEnded(containerID: "c1", .postStart, .failed(message: "no")))
        life.exit("c", code: code)
        #expect(life.status.phase == phase && life.starts == ["c 0"])
    }

    @Test("a container that ends under its postStart hook has ended; the hook's late result changes nothing")
    func endsUnderPostStart() throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.postStart)}"#, policy: "Never")
        life.exit("c", code: 3)
        life.receive(.hookEnded(containerID: "c1", .postStart, .failed(message: "no")))
        #expect(life.status.phase == .failed && life.containerStatus("c")?.state.terminated?.exitCode == 3)
        #expect(!life.events.contains { $0.reason == "FailedPostStartHook" })
    }

    @Test("the stop signal follows the preStop hook, and the kill the grace period")
    func preStop() throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.preStop)}"#)
        delete(&life, grace: 10)
        #expect(hooks(life) == ["preStop c 10s"] && signals(life) == [])
        life.pass(.seconds(4))
        life.receive(.hookEnded(containerID: "c1", .preStop, .done))
        #expect(signals(life) == [.stop])
        life.pass(.milliseconds(5900))
        #expect(signals(life) == [.stop])
        life.pass(.milliseconds(100))
        #expect(signals(life) == [.stop, .kill])
    }

    @Test("a preStop hook that takes the whole grace period leaves two seconds for the stop signal")
    func preStopTooLong() throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.preStop)}"#)
        delete(&life, grace: 3)
        life.pass(.seconds(3))
        #expect(signals(life) == [.stop])
        life.receive(.hookEnded(containerID: "c1", .preStop, .failed(message: "no")))
        #expect(life.events.last?.message == "PreStopHook failed" && life.events.last?.kind == .warning)
        life.pass(.milliseconds(1900))
        #expect(signals(life) == [.stop])
        life.pass(.milliseconds(100))
        #expect(signals(life) == [.stop, .kill])
    }

    @Test("a container that ends while its preStop hook sleeps ends the pod, without a wait for the hook")
    func endsUnderPreStop() throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.preStop)}"#)
        delete(&life, grace: 60)
        life.pass(.seconds(5))
        life.exit("c", code: 0)
        #expect(life.machine.mayDeleteFromAPI && signals(life) == [])
    }

    @Test("no hook is run without a grace period, nor in a container that does not run", arguments: [true, false])
    func noHook(isRunning: Bool) throws {
        var life = try life(#"{"name":"c","image":"b",\#(Self.preStop)}"#)
        if !isRunning {
            life.exit("c", code: 1)
            life.exit("c", code: 1)
        }
        delete(&life, grace: isRunning ? 0 : 30)
        #expect(hooks(life) == [] && signals(life) == (isRunning ? [.stop] : []))
    }

    @Test("all preStop hooks begin at once, and the sidecars' signals still come last")
    func sidecars() throws {
        var life = try life(
            #"{"name":"c","image":"b",\#(Self.preStop)}"#, initial: #"{"name":"s","image":"b","restartPolicy":"Always",\#(Self.preStop)}"#)
        delete(&life, grace: 10)
        #expect(Set(hooks(life)) == ["preStop c 10s", "preStop s 10s"])
        life.receive(.hookEnded(containerID: "c1", .preStop, .done))
        life.pass(.seconds(1))
        #expect(signals(life) == [])
        life.receive(.hookEnded(containerID: "c2", .preStop, .done))
        #expect(signals(life) == [.stop])
        life.exit("c", code: 0)
        #expect(signals(life) == [.stop, .stop])
    }
}
