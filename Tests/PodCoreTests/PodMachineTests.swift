import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Pod machine")
struct PodMachineTests {
    @Test("a pod runs, is deleted with grace, and releases everything in order")
    func runAndDelete() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}],"terminationGracePeriodSeconds":5}"#))
        #expect(life.phases == [.pending, .running])
        #expect(life.status.podIP == "10.0.0.2")
        #expect(life.series("Ready") == ["False ContainersNotReady", "True"])

        life.receive(.updated(try deleted(life.machine.pod, grace: 5)))
        #expect(life.events.last == PodEventRecord(.normal, "Killing", "Stopping container c", fieldPath: "spec.containers{c}"))
        #expect(life.machine.mayDeleteFromAPI == false)
        life.exit("c", code: 0)
        #expect(life.phases == [.pending, .running, .succeeded])
        #expect(life.series("PodReadyToStartContainers") == ["False", "True", "False"])
        #expect(life.status.observedGeneration == 2)
        #expect(life.machine.mayDeleteFromAPI)
        let ends = life.actions.filter { [.stopSandbox(id: "s0"), .cleanUp(sandboxIDs: ["s0"]), .removeSandboxes(ids: ["s0"])].contains($0) }
        #expect(ends == [.stopSandbox(id: "s0"), .cleanUp(sandboxIDs: ["s0"]), .removeSandboxes(ids: ["s0"])])

        life.receive(.removed)
        #expect(life.machine.isGone)
    }

    @Test("a container that does not stop is killed after the grace period, once")
    func killAfterGrace() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}]}"#))
        life.receive(.updated(try deleted(life.machine.pod, grace: 3)))
        life.pass(.milliseconds(2900))
        #expect(stops(life) == [.stop])
        life.pass(.milliseconds(200))
        #expect(stops(life) == [.stop, .kill])
        life.pass(.seconds(60))
        #expect(stops(life) == [.stop, .kill])
        life.exit("c", code: 137)
        #expect(life.status.phase == .failed)
    }

    @Test("a second delete with a shorter grace period brings the kill forward")
    func graceIsShortened() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}]}"#))
        life.receive(.updated(try deleted(life.machine.pod, grace: 30)))
        life.pass(.seconds(4))
        life.receive(.updated(try deleted(life.machine.pod, grace: 1)))
        life.pass(.milliseconds(1))
        #expect(stops(life) == [.stop, .kill])
    }

    @Test(
        "a pod ends as its restart policy asks",
        arguments: [
            ("Never", 0, [PodPhase.pending, .running, .succeeded]), ("Never", 3, [.pending, .running, .failed]),
            ("OnFailure", 0, [.pending, .running, .succeeded]), ("OnFailure", 3, [.pending, .running]), ("Always", 0, [.pending, .running]),
        ])
    func completes(policy: String, code: Int, phases: [PodPhase]) throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}],"restartPolicy":"\#(policy)"}"#))
        life.exit("c", code: code)
        #expect(life.phases == phases)
    }

    @Test("a finished container's conditions are reported before the sandbox is stopped")
    func completionOrder() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}],"restartPolicy":"Never"}"#))
        life.answer = { action, life in if case .stopSandbox = action { nil } else { life.obey(action) } }
        life.exit("c", code: 0)
        #expect(life.status.phase == .running)
        #expect(life.series("Ready").last == "False PodCompleted")
        #expect(life.series("PodReadyToStartContainers").last == "True")
        life.answer = { $1.obey($0) }
        life.receive(.sandboxStopped)
        #expect(life.status.phase == .succeeded)
        #expect(life.series("PodReadyToStartContainers").last == "False")
    }

    @Test("a container restarts at once, then after 10 s, 20 s, 40 s")
    func restartBackOff() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}]}"#))
        life.exit("c", code: 1)
        #expect(life.states(of: "c").last == "running")
        #expect(life.status.containerStatuses?.first?.restartCount == 1)
        for (count, seconds) in [(2, 10), (3, 20), (4, 40)] {
            life.exit("c", code: 1)
            #expect(life.states(of: "c").last == "CrashLoopBackOff")
            #expect(life.status.containerStatuses?.first?.lastState.terminated?.exitCode == 1)
            life.pass(.seconds(seconds) - .milliseconds(1))
            #expect(life.states(of: "c").last == "CrashLoopBackOff")
            life.pass(.milliseconds(2))
            #expect(life.states(of: "c").last == "running")
            #expect(life.status.containerStatuses?.first?.restartCount == count)
        }
        #expect(life.events.filter { $0.reason == "BackOff" }.count == 3)
    }

    @Test("a missing image is shown as the failure, then as waiting, and is tried again")
    func imageMissing() throws {
        var tries = 0
        let life0 = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"none"}]}"#)) { action, life in
            guard case .ensureImage = action else { return life.obey(action) }
            tries += 1
            return tries < 3 ? .imageFailed(container: "c", ImageProblem(reason: .errImagePull, message: "not found")) : life.obey(action)
        }
        var life = life0
        #expect(life.states(of: "c").last == "ErrImagePull")
        life.pass(.seconds(2))
        #expect(life.states(of: "c").last == "ImagePullBackOff")
        #expect(life.status.containerStatuses?.first?.state.waiting?.message == #"Back-off pulling image "none": ErrImagePull: not found"#)
        life.pass(.seconds(8))
        #expect(life.states(of: "c").suffix(2) == ["ImagePullBackOff", "ErrImagePull"])
        life.pass(.seconds(20))
        #expect(life.states(of: "c").last == "running")
        #expect(life.phases == [.pending, .running])
        #expect(Set(life.events.map(\.message)) == ["Error: ErrImagePull", #"Back-off pulling image "none""#, "Error: ImagePullBackOff"])
    }

    @Test("an image that a container mounts is not mounted ahead of it, and its back-off is shown by its own name")
    func imageOfVolumeMissing() throws {
        let spec =
            #"{"volumes":[{"name":"m","image":{"reference":"model"}}],"#
            + #""containers":[{"name":"c","image":"app","volumeMounts":[{"name":"m","mountPath":"/m"}]}]}"#
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            guard case .ensureImage = action else { return life.obey(action) }
            return .imageFailed(container: "c", ImageProblem(reason: .errImagePull, image: "model", message: "not found"))
        }
        #expect(life.machine.volumesAreMounted && life.states(of: "c").last == "ErrImagePull")
        life.pass(.seconds(2))
        #expect(life.status.containerStatuses?.first?.state.waiting?.message == #"Back-off pulling image "model": ErrImagePull: not found"#)
        #expect(life.events.map(\.message).contains(#"Back-off pulling image "model""#))
    }

    @Test("a program that cannot be executed fails the pod for good, or is tried again", arguments: ["Never", "Always"])
    func commandNotFound(policy: String) throws {
        let spec = #"{"containers":[{"name":"c","image":"busybox"}],"restartPolicy":"\#(policy)"}"#
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            guard case .startContainer(_, _, _, let sandboxID, _) = action else { return life.obey(action) }
            let kind = ContainerProblem.Kind.start(id: "x\(life.actions.count)", sandboxID: sandboxID, imageID: "i")
            return .containerFailed(container: "c", ContainerProblem(kind, message: "exec: not found"))
        }
        if policy == "Never" {
            #expect(life.phases == [.pending, .failed])
            #expect(life.states(of: "c").last == "StartError 128")
        } else {
            life.pass(.seconds(8))
            #expect(life.phases == [.pending, .running])
            #expect(life.states(of: "c").last == "RunContainerError")
            life.pass(.milliseconds(1500))
            #expect(life.states(of: "c").last == "CrashLoopBackOff")
            life.pass(.seconds(1))
            #expect(life.states(of: "c").last == "RunContainerError")
        }
    }

    @Test("a volume that cannot be mounted holds the containers back and is reported")
    func volumeFails() throws {
        let spec =
            #"{"containers":[{"name":"c","image":"b","volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","emptyDir":{}},{"name":"unused","emptyDir":{}}]}"#
        var tries = 0
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            guard case .mountVolume(let name) = action else { return life.obey(action) }
            #expect(name == "v")
            tries += 1
            return tries < 4 ? .volumeFailed(name: "v", VolumeFailure(.invalid, "no")) : life.obey(action)
        }
        life.pass(.milliseconds(1400))
        #expect(life.states(of: "c") == ["ContainerCreating"])
        #expect(life.series("PodReadyToStartContainers") == ["False"])
        #expect(life.status.podIP == nil)
        #expect(life.events.first?.message == #"MountVolume.SetUp failed for volume "v" : no"#)
        life.pass(.seconds(4))
        #expect(life.states(of: "c").last == "running")
        #expect(tries == 4)
    }

    @Test("a dead sandbox is replaced and its containers start again")
    func sandboxLost() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}]}"#))
        life.receive(.sandboxEnded(id: "s0"))
        #expect(life.actions.contains(.stopSandbox(id: "s0")))
        #expect(life.actions.contains(.createSandbox(attempt: 1)))
        #expect(life.states(of: "c").suffix(2) == ["ContainerStatusUnknown 137", "running"])
        #expect(life.status.containerStatuses?.first?.restartCount == 1)
        #expect(life.events.map(\.reason).contains("SandboxChanged"))
    }

    @Test("of lost sandboxes only the last one's records are kept")
    func sandboxesDoNotPileUp() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}]}"#))
        for number in 0..<4 {
            life.receive(.sandboxEnded(id: "s\(number)"))
            life.pass(.seconds(400))
        }
        #expect(life.actions.filter { if case .removeSandbox = $0 { true } else { false } } == ["s0", "s1", "s2"].map { .removeSandbox(id: $0) })
        #expect(life.machine.knownSandboxes == ["s3", "s4"])
    }

    @Test("an exit reported before its start is not lost")
    func earlyExit() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}],"restartPolicy":"Never"}"#)) { action, life in
            if case .startContainer = action { nil } else { life.obey(action) }
        }
        let moment = life.now.wall
        life.receive(.containerExited(id: "early", ContainerExit(startedAt: moment, finishedAt: moment, exitCode: 0), message: "done"))
        let user = ContainerUser(linux: .init(uid: 5, gid: 6, supplementalGroups: [6, 7]))
        life.receive(
            .containerStarted(container: "c", StartedContainer(id: "early", pid: 3, startedAt: moment), sandboxID: "s0", imageID: "i", user: user))
        #expect(life.status.containerStatuses?.first?.user == user)
        #expect(life.status.phase == .succeeded)
        #expect(life.states(of: "c").suffix(2) == ["running", "Completed 0"])
        #expect(life.status.containerStatuses?.first?.state.terminated?.message == "done")
    }

    @Test("deleting a pod whose image never came reports its container as unknown")
    func deletedWhilePulling() throws {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"none"}]}"#)) { action, life in
            if case .ensureImage = action { nil } else { life.obey(action) }
        }
        life.receive(.updated(try deleted(life.machine.pod, grace: 30)))
        #expect(life.status.phase == .failed)
        #expect(life.status.containerStatuses?.first?.state.terminated?.reason == "ContainerStatusUnknown")
        #expect(life.machine.mayDeleteFromAPI)
    }

    @Test("init containers run one after the other, and a failed one can fail the pod")
    func initContainers() throws {
        let spec =
            #"{"initContainers":[{"name":"i1","image":"b"},{"name":"i2","image":"b"}],"containers":[{"name":"c","image":"b"}],"restartPolicy":"Never"}"#
        var life = PodLife(try PodLife.pod(spec))
        #expect(life.states(of: "i1").last == "running")
        #expect(life.states(of: "i2") == ["PodInitializing"])
        life.exit("i1", code: 0)
        #expect(life.states(of: "i2").last == "running")
        #expect(life.states(of: "c") == ["PodInitializing"])
        #expect(life.phases == [.pending])
        life.exit("i2", code: 4)
        #expect(life.phases == [.pending, .failed])
        #expect(life.states(of: "c") == ["PodInitializing"])
        #expect(life.series("Initialized").last == "False ContainersNotInitialized")
    }

    @Test("sidecars go on beside the regular containers and end after them")
    func sidecar() throws {
        let spec =
            #"{"initContainers":[{"name":"side","image":"b","restartPolicy":"Always"}],"containers":[{"name":"c","image":"b"}],"restartPolicy":"Never"}"#
        var life = PodLife(try PodLife.pod(spec))
        #expect(life.states(of: "c").last == "running")
        life.exit("c", code: 0)
        #expect(stops(life) == [.stop])
        #expect(life.status.phase == .running)
        life.exit("side", code: 0)
        #expect(life.status.phase == .succeeded)
    }

    @Test("a recovered pod keeps its containers and is ready from the first status on")
    func recovery() throws {
        let pod = try PodLife.pod(
            #"{"containers":[{"name":"c","image":"busybox","volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","emptyDir":{}}]}"#)
        let moment = Moment(wall: Timestamp(seconds: 1_800_000_000), monotonic: .zero)
        var machine = PodMachine(pod: pod, startTime: moment.wall)
        machine.adopt([Self.recovered(condition: .running(StartedContainer(id: "c9", pid: 4, startedAt: moment.wall)))], at: moment) { _ in nil }
        let actions = machine.decide(at: moment)
        #expect(actions == [.mountVolume(name: "v")])
        let status = machine.status(hostIPs: [], previous: nil, at: moment)
        #expect(status.phase == .running)
        #expect(status.podIP == "10.0.0.9")
        #expect(status.conditions?.first { $0.type == "Ready" }?.status == "True")
        #expect(status.conditions?.first { $0.type == "PodReadyToStartContainers" }?.status == "True")
        #expect(status.containerStatuses?.first?.restartCount == 2)
    }

    @Test("a pod that was over is not started again")
    func terminalPodStaysOver() throws {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"busybox"}],"restartPolicy":"Never"}"#)
        pod.status = PodStatus(phase: .succeeded)
        let life = PodLife(pod)
        #expect(life.actions == [.cleanUp(sandboxIDs: [])])
    }

    private static func recovered(condition: RecoveredSandbox.ContainerCondition) -> RecoveredSandbox {
        let process = ContainerConfiguration.Process(
            args: ["sh"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
            seccomp: .unconfined)
        let configuration = ContainerConfiguration(
            id: "c9", name: "c", role: .regular, restartCount: 2, image: "busybox", imageID: "i", lowerDirectories: [], process: process, mounts: [],
            readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: .init(path: "/log"))
        return RecoveredSandbox(
            configuration: SandboxConfiguration(
                id: "s7", pod: PodIdentity(namespace: "default", name: "p", uid: "u-1"), attempt: 1, hostname: "p", qosClass: "BestEffort"),
            createdAt: Timestamp(seconds: 1), addresses: ["10.0.0.9"], isRunning: true, networkNamespacePath: nil,
            containers: [.init(configuration: configuration, condition: condition)])
    }

    private func deleted(_ pod: Pod, grace: Int64) throws -> Pod {
        var pod = pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_100)
        pod.metadata.deletionGracePeriodSeconds = grace
        pod.metadata.generation = 2
        return pod
    }

    private func stops(_ life: PodLife) -> [StopSignal] {
        life.actions.compactMap { if case .stopContainer(_, _, let signal) = $0 { signal } else { nil } }
    }
}
