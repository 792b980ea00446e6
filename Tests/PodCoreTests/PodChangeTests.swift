import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Changes of a pod that lives")
struct PodChangeTests {
    private func life(_ spec: String = #"{"containers":[{"name":"c","image":"b"}]}"#) throws -> PodLife { PodLife(try PodLife.pod(spec)) }

    private func change(_ life: inout PodLife, _ change: (inout Pod) -> Void) {
        var pod = life.machine.pod
        change(&pod)
        life.receive(.updated(pod))
    }

    private func signals(_ life: PodLife) -> [StopSignal] {
        life.actions.compactMap { if case .stopContainer(_, _, let signal) = $0 { signal } else { nil } }
    }

    // MARK: The image

    @Test("a container with another image is ended and runs again, whatever the policy", arguments: ["Always", "OnFailure", "Never"])
    func image(policy: String) throws {
        var life = try life(#"{"restartPolicy":"\#(policy)","containers":[{"name":"c","image":"b"},{"name":"d","image":"b"}]}"#)
        change(&life) { $0.spec.containers[0].image = "b2" }
        #expect(signals(life) == [.stop])
        #expect(life.events.last { $0.reason == "Killing" }?.message == "Container c definition changed, will be restarted")
        life.exit("c", code: 0)
        #expect(life.starts == ["c 0", "d 0", "c 1"] && life.containerStatus("c")?.image == "b2")
        #expect(life.status.phase == .running)
        change(&life) { $0.metadata.labels = ["a": "b"] }
        #expect(signals(life).count == 1, "nothing else is a reason")
    }

    @Test("between the end and the next start the container is shown as it was, unless that takes long", arguments: [1, 3])
    func imageGap(seconds: Int) throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)) { action, life in
            if case .startContainer(_, 1, _, _, _) = action { nil } else { life.obey(action) }
        }
        change(&life) { $0.spec.containers[0].image = "b2" }
        life.exit("c", code: 0)
        life.pass(.seconds(seconds))
        life.receive(.containerStarted(container: "c", .init(id: "next", pid: 2, startedAt: life.now.wall), sandboxID: "s0", imageID: "b2"))
        #expect(life.states(of: "c") == ["ContainerCreating", "running"] + (seconds > 2 ? ["Completed 0", "running"] : []))
        #expect(life.series("Ready").count == (seconds > 2 ? 4 : 2))
        #expect(life.containerStatus("c")?.restartCount == 1 && life.containerStatus("c")?.lastState.terminated?.exitCode == 0)
    }

    @Test("another image is tried at once, without the back-off of the one before")
    func imageInBackOff() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"missing"}]}"#)) { action, life in
            guard case .ensureImage(let name) = action, life.machine.pod.spec.containers[0].image == "missing" else { return life.obey(action) }
            return .imageFailed(container: name, ImageProblem(reason: .errImagePull, message: "not found"))
        }
        life.pass(.seconds(200))
        #expect(life.containerStatus("c")?.state.waiting?.reason == "ImagePullBackOff")
        change(&life) { $0.spec.containers[0].image = "b" }
        #expect(life.starts == ["c 0"] && life.containerStatus("c")?.state.running != nil)
    }

    // MARK: Ephemeral containers

    private static let debugger = Container(name: "dbg", image: "b")

    @Test("an ephemeral container starts beside the others, is shown, and does not count")
    func ephemeral() throws {
        var life = try life()
        let conditions = life.status.conditions
        change(&life) { $0.spec.ephemeralContainers = [Self.debugger] }
        #expect(life.starts == ["c 0", "dbg 0"])
        let status = try #require(life.status.ephemeralContainerStatuses?.first)
        #expect(status.state.running != nil && !status.ready && status.started == nil)
        life.exit("dbg", code: 2)
        life.pass(.seconds(700))
        #expect(life.states(of: "dbg") == ["ContainerCreating", "running", "Error 2"] && life.starts.count == 2)
        #expect(life.status.phase == .running && life.status.conditions == conditions)
    }

    @Test("an image that is missing holds back only its own ephemeral container")
    func ephemeralWithoutImage() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)) { action, life in
            guard case .ensureImage("bad") = action else { return life.obey(action) }
            return .imageFailed(container: "bad", ImageProblem(reason: .errImagePull, message: "not found"))
        }
        change(&life) { $0.spec.ephemeralContainers = [Container(name: "bad", image: "missing")] }
        change(&life) { $0.spec.ephemeralContainers?.append(Self.debugger) }
        #expect(life.starts == ["c 0", "dbg 0"])
        #expect(life.containerStatus("bad")?.state.waiting?.reason == "ErrImagePull")
        life.exit("c", code: 1)
        #expect(life.containerStatus("c")?.restartCount == 1)
    }

    @Test("an ephemeral container starts while init containers still run")
    func ephemeralBeforeInitialized() throws {
        var life = try life(#"{"initContainers":[{"name":"i","image":"b"}],"containers":[{"name":"c","image":"b"}]}"#)
        change(&life) { $0.spec.ephemeralContainers = [Self.debugger] }
        #expect(life.starts == ["i 0", "dbg 0"])
        #expect(life.containerStatus("dbg")?.state.running != nil && life.status.phase == .pending)
    }

    @Test("an ephemeral container does not keep a finished pod alive: it is ended with it")
    func ephemeralAtTheEnd() throws {
        var life = try life(#"{"restartPolicy":"Never","containers":[{"name":"c","image":"b"}]}"#)
        change(&life) { $0.spec.ephemeralContainers = [Self.debugger] }
        life.exit("c", code: 0)
        #expect(signals(life) == [.stop])
        life.exit("dbg", code: 137)
        #expect(life.status.phase == .succeeded)
    }

    @Test("an ephemeral container that has ended never starts again, whatever is lost", arguments: [true, false])
    func ephemeralAfterRestart(wasRunning: Bool) throws {
        var life = try life()
        change(&life) { $0.spec.ephemeralContainers = [Self.debugger] }
        if !wasRunning { life.exit("dbg", code: 3) }
        var next = life.next()
        next.pass(.seconds(700))
        #expect(next.starts == ["c 1"])
        let end = next.containerStatus("dbg")?.state.terminated
        #expect(end?.exitCode == (wasRunning ? 137 : 3) && end?.reason == (wasRunning ? "ContainerStatusUnknown" : "Error"))
    }

    @Test("an ephemeral container of which only a log is left has run")
    func ephemeralWithLog() throws {
        var life = try life()
        change(&life) { $0.spec.ephemeralContainers = [Self.debugger] }
        var pod = life.machine.pod
        pod.status = nil
        var machine = PodMachine(pod: pod, startTime: life.now.wall)
        machine.adopt([], at: life.now, lastLogs: ["dbg": 0]) { _ in nil }
        let next = PodLife(machine)
        #expect(next.starts == ["c 0"] && next.containerStatus("dbg")?.state.terminated?.reason == "ContainerStatusUnknown")
    }

    // MARK: The deadline

    @Test("a pod past its deadline has failed, however its containers end", arguments: [0, 1])
    func deadline(code: Int) throws {
        var life = try life(#"{"activeDeadlineSeconds":10,"terminationGracePeriodSeconds":60,"containers":[{"name":"c","image":"b"}]}"#)
        life.pass(.seconds(9))
        #expect(signals(life) == [])
        life.pass(.seconds(1))
        #expect(signals(life) == [.stop] && life.status.phase == .running && life.status.reason == nil)
        #expect(life.series("Ready").last == "False PodFailed")
        life.pass(.seconds(20))
        life.exit("c", code: code)
        #expect(life.phases == [.pending, .running, .failed] && life.status.reason == "DeadlineExceeded")
        #expect(life.status.message == "Pod was active on the node longer than the specified deadline")
        #expect(life.containerStatus("c")?.state.terminated?.exitCode == code)
        #expect(life.events.count { $0.reason == "DeadlineExceeded" } == 1)
    }

    @Test("a deadline that is set or lowered while the pod runs counts from its start")
    func deadlineChanges() throws {
        var life = try life(#"{"activeDeadlineSeconds":3600,"containers":[{"name":"c","image":"b"}]}"#)
        life.pass(.seconds(20))
        change(&life) { $0.spec.activeDeadlineSeconds = 25 }
        #expect(signals(life) == [])
        life.pass(.seconds(5))
        #expect(signals(life) == [.stop])
    }

    @Test("the deadline goes on while the agent is away")
    func deadlineAcrossAgents() throws {
        let life = try life(#"{"activeDeadlineSeconds":10,"containers":[{"name":"c","image":"b"}]}"#)
        var pod = life.machine.pod
        pod.status = life.status
        pod.status?.startTime = life.now.wall.advanced(bySeconds: -30)
        let next = PodLife(PodMachine(pod: pod, startTime: life.now.wall))
        #expect(next.status.phase == .failed && next.status.reason == "DeadlineExceeded" && next.starts == [])
    }

    // MARK: The phase

    @Test("a pod whose phase somebody has made terminal is ended, and the phase stands", arguments: [PodPhase.failed, .succeeded])
    func terminalFromOutside(phase: PodPhase) throws {
        var life = try life()
        let status = life.status
        change(&life) {
            $0.status = status
            $0.status?.phase = phase
            $0.status?.reason = "NodeLost"
        }
        #expect(signals(life) == [.stop])
        life.exit("c", code: 0)
        life.pass(.seconds(60))
        #expect(life.starts == ["c 0"] && life.phases == [.pending, .running, phase] && life.status.reason == "NodeLost")
    }
}
