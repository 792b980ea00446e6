import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Which containers of a pod run again")
struct PodRestartTests {
    private static let withSidecar =
        #"{"initContainers":[{"name":"s","image":"b","restartPolicy":"Always"}],"containers":[{"name":"c","image":"b"}]}"#

    @Test("a container whose start is answered after its sandbox's end has ended with it", arguments: ["initContainers", "containers"])
    func startedTooLate(place: String) throws {
        let others = place == "containers" ? "" : #","containers":[{"name":"d","image":"b"}]"#
        var life = PodLife(try PodLife.pod(#"{"\#(place)":[{"name":"c","image":"b"}]\#(others)}"#)) { action, life in
            if case .startContainer(_, 0, _, _, _) = action { nil } else { life.obey(action) }
        }
        life.receive(.sandboxEnded(id: "s0"))
        let late = StartedContainer(id: "late", pid: 2, startedAt: life.now.wall)
        life.receive(.containerStarted(container: "c", late, sandboxID: "s0", imageID: "b"))
        #expect(life.starts == ["c 0", "c 1"] && life.containerStatus("c")?.restartCount == 1)
        #expect(life.containerStatus("c")?.lastState.terminated?.reason == "ContainerStatusUnknown")
    }

    @Test("a start that is answered when there is another sandbox lets no init container of that one be left out", arguments: [true, false])
    func startedBeforeAnotherSandbox(fails: Bool) throws {
        let spec = #"{"initContainers":[{"name":"i","image":"b"},{"name":"j","image":"b"}],"containers":[{"name":"c","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            if case .startContainer("c", 0, _, _, _) = action { nil } else { life.obey(action) }
        }
        life.exit("i", code: 0)
        life.exit("j", code: 0)
        life.receive(.sandboxEnded(id: "s0"))
        let begun = ["i 0", "j 0", "c 0", "i 1"]
        #expect(life.starts == begun)
        let problem = ContainerProblem(.start(id: "late", sandboxID: "s0", imageID: "b"), message: "exec: not found")
        let late = StartedContainer(id: "late", pid: 2, startedAt: life.now.wall)
        life.receive(
            fails
                ? .containerFailed(container: "c", problem) : .containerStarted(container: "c", late, sandboxID: "s0", imageID: "b"))
        #expect(life.starts == begun)
        life.exit("i", code: 0)
        #expect(life.starts == begun + ["j 1"])
    }

    @Test("a sidecar that crashes again and again does not hold the regular containers back")
    func crashingSidecar() throws {
        var life = PodLife(try PodLife.pod(Self.withSidecar))
        for _ in 0..<3 {
            life.exit("s", code: 1)
            life.pass(.seconds(30))
        }
        life.exit("s", code: 1)
        #expect(life.containerStatus("s")?.state.waiting?.reason == "CrashLoopBackOff")
        life.exit("c", code: 1)
        #expect(life.containerStatus("c")?.state.running != nil)
        #expect(life.containerStatus("c")?.restartCount == 1)
        #expect(life.containerStatus("s")?.state.running == nil)
        life.pass(.seconds(60))
        #expect(life.containerStatus("s")?.state.running != nil)
    }

    @Test(
        "the longest pause between restarts is the configured one",
        arguments: [(300, [10, 20, 40, 80]), (15, [10, 15, 15, 15]), (3, [3, 3, 3, 3])])
    func longestPause(maximum: Int, pauses: [Int]) throws {
        let pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)
        var life = PodLife(PodMachine(pod: pod, startTime: Timestamp(seconds: 1_800_000_000), maxRestartPause: .seconds(maximum)))
        life.exit("c", code: 1)
        for (number, pause) in pauses.enumerated() {
            #expect(life.starts.count == number + 2)
            life.exit("c", code: 1)
            life.pass(.seconds(pause) - .milliseconds(1))
            #expect(life.starts.count == number + 2)
            life.pass(.milliseconds(1))
        }
    }

    @Test("in each sandbox the first regular container waits for the sidecar")
    func sidecarFirst() throws {
        var life = PodLife(try PodLife.pod(Self.withSidecar))
        life.answer = { action, life in
            guard case .ensureImage("s") = action else { return life.obey(action) }
            return .imageFailed(container: "s", ImageProblem(reason: .errImagePull, message: "gone"))
        }
        life.receive(.sandboxEnded(id: "s0"))
        #expect(life.sandboxesMade == 2)
        #expect(life.starts == ["s 0", "c 0"])
        life.answer = { $1.obey($0) }
        life.pass(.seconds(20))
        #expect(life.starts == ["s 0", "c 0", "s 1", "c 1"])
    }

    @Test(
        "a pod that may run only once is over with its sandbox as soon as something of it has run",
        arguments: [("i", false), ("i2", false), ("c", false), ("", true)])
    func neverWithoutSandbox(reached: String, goesOn: Bool) throws {
        let spec =
            #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"},{"name":"i2","image":"b"}],"containers":[{"name":"c","image":"b"},{"name":"d","image":"b"}]}"#
        // Up to the named container everything runs; the images of those after it do not come.
        let names = reached.isEmpty ? [] : ["i", "i2", "c"].prefix { $0 != reached } + [reached]
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            if case .ensureImage(let name) = action, !names.contains(name) { nil } else { life.obey(action) }
        }
        for name in names.dropLast() { life.exit(name, code: 0) }
        #expect(life.starts == names.map { "\($0) 0" })
        life.receive(.sandboxEnded(id: "s0"))
        #expect(life.sandboxesMade == (goesOn ? 2 : 1))
        #expect(life.status.phase == (goesOn ? .pending : .failed))
        #expect(life.actions.contains(.cleanUp(sandboxIDs: ["s0"])) == !goesOn)
        #expect(life.events.contains { $0.reason == "SandboxChanged" } == false)
    }

    @Test("between two init containers the loss of the sandbox ends a pod that may run only once")
    func neverBetweenInitContainers() throws {
        let spec =
            #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"},{"name":"i2","image":"b"}],"containers":[{"name":"c","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec)) { if case .ensureImage("i2") = $0 { nil } else { $1.obey($0) } }
        life.exit("i", code: 0)
        life.receive(.sandboxEnded(id: "s0"))
        #expect(life.sandboxesMade == 1)
        #expect(life.status.phase == .failed)
    }

    @Test(
        "a container's own policy and rules come before the pod's policy",
        arguments: [
            ("Never", #""restartPolicy":"OnFailure""#, 1, true), ("Never", #""restartPolicy":"OnFailure""#, 0, false),
            ("Always", #""restartPolicy":"Never""#, 1, false), ("OnFailure", #""restartPolicy":"Always""#, 0, true),
            ("Never", Self.rules("In", "Restart"), 42, true), ("Never", Self.rules("In", "Restart"), 41, false),
            ("Never", Self.rules("NotIn", "Restart"), 42, false), ("Never", Self.rules("NotIn", "Restart"), 0, true),
            // Another action than a restart leaves it to the policy.
            ("Never", Self.rules("In", "Pause"), 42, false),
            // Rules without a policy of the container's own mean nothing.
            ("Never", #""restartPolicyRules":[{"action":"Restart","exitCodes":{"operator":"In","values":[42]}}]"#, 42, false),
        ])
    func ownPolicy(podPolicy: String, fields: String, code: Int, runsAgain: Bool) throws {
        var life = PodLife(try PodLife.pod(#"{"restartPolicy":"\#(podPolicy)","containers":[{"name":"c","image":"b",\#(fields)}]}"#))
        life.exit("c", code: code)
        #expect(life.starts.count == (runsAgain ? 2 : 1))
        #expect(life.phases == (runsAgain ? [.pending, .running] : [.pending, .running, code == 0 ? .succeeded : .failed]))
    }

    private static func rules(_ operator: String, _ action: String) -> String {
        #""restartPolicy":"Never","restartPolicyRules":[{"action":"\#(action)","exitCodes":{"operator":"\#(`operator`)","values":[42]}}]"#
    }

    @Test("the pod goes on as long as one container may run again, and waits for it")
    func phaseWithOwnPolicies() throws {
        let spec = #"{"restartPolicy":"Never","containers":[{"name":"c","image":"b","restartPolicy":"Always"},{"name":"d","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec))
        life.exit("d", code: 1)
        life.exit("c", code: 0)
        life.exit("c", code: 0)
        #expect(life.containerStatus("c")?.state.waiting?.reason == "CrashLoopBackOff")
        #expect(life.status.phase == .running)
        #expect(life.series("Ready").last == "False ContainersNotReady")
        // The sandbox comes again for its sake; the other one has had its run.
        life.receive(.sandboxEnded(id: "s0"))
        life.pass(.seconds(20))
        #expect(life.starts == ["c 0", "d 0", "c 1", "c 2"])
        #expect(life.containerStatus("d")?.state.terminated?.exitCode == 1)
    }

    @Test("an init container's own policy decides whether its failure fails the pod", arguments: [("Always", "Never"), ("Never", "OnFailure")])
    func ownPolicyOfInit(podPolicy: String, policy: String) throws {
        let spec =
            #"{"restartPolicy":"\#(podPolicy)","initContainers":[{"name":"i","image":"b","restartPolicy":"\#(policy)"}],"containers":[{"name":"c","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec))
        life.exit("i", code: 1)
        #expect(life.phases == (policy == "Never" ? [.pending, .failed] : [.pending]))
        #expect(life.starts == (policy == "Never" ? ["i 0"] : ["i 0", "i 1"]))
    }
}
