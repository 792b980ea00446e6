import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Probes in a pod's life")
struct PodProbeTests {
    /// A pod of one container with these fields, on a node where each probe answers what `results` gives for it.
    private func life(
        _ fields: String, policy: String = "Always", results: @escaping (ProbeKind, PodLife) -> ProbeResult
    ) throws -> PodLife {
        let spec = #"{"restartPolicy":"\#(policy)","terminationGracePeriodSeconds":30,"containers":[{"name":"c","image":"b",\#(fields)}]}"#
        return PodLife(try PodLife.pod(spec)) { action, life in
            guard case .probe(let kind, _, let id, _) = action else { return life.obey(action) }
            return .probed(containerID: id, kind, results(kind, life))
        }
    }

    private func signals(_ life: PodLife) -> [StopSignal] {
        life.actions.compactMap { if case .stopContainer(_, _, let signal) = $0 { signal } else { nil } }
    }

    private func failure(_ isFailure: Bool) -> ProbeResult { isFailure ? .failure(message: "no") : .success(warning: nil) }

    @Test("readiness follows its probe, and so does the pod's condition; the container runs on")
    func readiness() throws {
        var life = try life(#""readinessProbe":{"periodSeconds":1,"failureThreshold":2}"#) { _, life in
            failure(!(5..<10).contains(life.now.monotonic.components.seconds))
        }
        life.pass(.seconds(20))
        #expect(life.series("Ready") == ["False ContainersNotReady", "True", "False ContainersNotReady"])
        #expect(life.series("ContainersReady") == ["False ContainersNotReady", "True", "False ContainersNotReady"])
        #expect(life.states(of: "c") == ["ContainerCreating", "running"])
        #expect(life.containerStatus("c")?.started == true)
        let unhealthy = life.events.filter { $0.reason == "Unhealthy" }
        #expect(unhealthy.count == 16 && unhealthy[0].message == "Readiness probe failed: no")
        #expect(unhealthy[0].kind == .warning && unhealthy[0].fieldPath == "spec.containers{c}")
    }

    @Test(
        "a failed liveness probe ends the container, which runs again whatever its exit code, unless the policy is Never",
        arguments: [
            ("Always", 0, true), ("Always", 137, true), ("OnFailure", 0, true), ("OnFailure", 1, true), ("Never", 0, false), ("Never", 1, false),
        ])
    func liveness(policy: String, code: Int, runsAgain: Bool) throws {
        var life = try life(#""livenessProbe":{"periodSeconds":2,"failureThreshold":2}"#, policy: policy) { _, _ in .failure(message: "no") }
        life.pass(.seconds(4))
        #expect(signals(life) == [.stop])
        let killing = life.events.filter { $0.reason == "Killing" }.map(\.message)
        #expect(killing == ["Container c failed liveness probe" + (runsAgain ? ", will be restarted" : "")])
        life.exit("c", code: code)
        #expect(life.containerStatus("c")?.restartCount == (runsAgain ? 1 : 0))
        #expect(life.starts == (runsAgain ? ["c 0", "c 1"] : ["c 0"]))
        #expect(life.phases == (runsAgain ? [.pending, .running] : [.pending, .running, code == 0 ? .succeeded : .failed]))
    }

    @Test("the kill follows after the probe's own grace period", arguments: [(nil, Duration.seconds(30)), (5, .seconds(5))] as [(Int?, Duration)])
    func grace(seconds: Int?, until: Duration) throws {
        let own = seconds.map { #","terminationGracePeriodSeconds":\#($0)"# } ?? ""
        var life = try life(#""livenessProbe":{"periodSeconds":1,"failureThreshold":1\#(own)}"#) { _, _ in .failure(message: "no") }
        life.pass(.seconds(1))
        life.pass(until - .seconds(1))
        #expect(signals(life) == [.stop])
        life.pass(.seconds(1))
        #expect(signals(life) == [.stop, .kill])
    }

    @Test("a container that its probe ends again and again backs off as one that crashes")
    func backOff() throws {
        var life = try life(#""livenessProbe":{"periodSeconds":1,"failureThreshold":1}"#) { _, _ in .failure(message: "no") }
        for _ in 0..<3 {
            life.pass(.seconds(1))
            life.exit("c", code: 0)
        }
        #expect(life.containerStatus("c")?.state.waiting?.reason == "CrashLoopBackOff")
        #expect(life.starts == ["c 0", "c 1", "c 2"], "the first two ends have none before them that counts")
        life.pass(.seconds(10))
        #expect(life.starts == ["c 0", "c 1", "c 2", "c 3"], "also under a policy that would let it rest")
    }

    @Test("a container that its probe ends after a time longer than the back-off starts at once")
    func backOffIsOver() throws {
        var life = try life(#""livenessProbe":{"periodSeconds":11,"failureThreshold":1}"#) { _, _ in .failure(message: "no") }
        for _ in 0..<3 {
            life.pass(.seconds(11))
            life.exit("c", code: 0)
        }
        #expect(life.starts == ["c 0", "c 1", "c 2", "c 3"])
        life.pass(.seconds(11))
        life.exit("c", code: 0)
        #expect(life.starts.count == 4, "the back-off is 20 seconds by now")
        #expect(life.containerStatus("c")?.state.waiting?.message?.hasPrefix("back-off 20s") == true)
    }

    @Test("the startup probe holds back liveness and readiness, and ends the container when it fails")
    func startup() throws {
        let fields =
            #""startupProbe":{"periodSeconds":2,"failureThreshold":3},"livenessProbe":{"periodSeconds":1},"readinessProbe":{"periodSeconds":1}"#
        var kinds: [ProbeKind] { life.actions.compactMap { if case .probe(let kind, _, _, _) = $0 { kind } else { nil } } }
        var life = try life(fields) { _, _ in .failure(message: "no") }
        #expect(life.containerStatus("c")?.started == false && life.containerStatus("c")?.ready == false)
        life.pass(.seconds(6))
        #expect(kinds == [.startup, .startup, .startup, .startup], "a first look and the three that count")
        #expect(signals(life) == [.stop])
        #expect(life.events.last { $0.reason == "Killing" }?.message == "Container c failed startup probe, will be restarted")
        #expect(life.events.count { $0.reason == "Unhealthy" } == 3)
    }

    @Test("the containers after a sidecar wait for its startup probe")
    func sidecar() throws {
        let spec = #"""
            {"initContainers":[{"name":"s","image":"b","restartPolicy":"Always","startupProbe":{"periodSeconds":1,"failureThreshold":9}}],
             "containers":[{"name":"c","image":"b"}]}
            """#
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            guard case .probe(let kind, _, let id, _) = action else { return life.obey(action) }
            return .probed(containerID: id, kind, life.now.monotonic < .seconds(4) ? .failure(message: "no") : .success(warning: nil))
        }
        life.pass(.seconds(3))
        #expect(life.starts == ["s 0"] && life.containerStatus("s")?.started == false)
        #expect(life.series("Initialized") == ["False ContainersNotInitialized"])
        life.pass(.seconds(1))
        #expect(life.starts == ["s 0", "c 0"] && life.containerStatus("s")?.ready == true)
        #expect(life.series("Initialized") == ["False ContainersNotInitialized", "True"])
    }

    @Test("while a deleted pod's containers end, readiness alone is probed, and the held status shows it")
    func deletion() throws {
        var life = try life(#""livenessProbe":{"periodSeconds":1,"failureThreshold":1},"readinessProbe":{"periodSeconds":1,"failureThreshold":1}"#) {
            failure($1.now.monotonic >= .seconds(3) || $0 == .liveness && $1.machine.isEnding)
        }
        #expect(life.containerStatus("c")?.ready == true)
        var pod = life.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_030)
        pod.metadata.deletionGracePeriodSeconds = 30
        life.receive(.updated(pod))
        let before = life.status
        life.pass(.seconds(5))
        #expect(!life.actions.contains { if case .probe(.liveness, _, _, _) = $0 { true } else { false } })
        let held = life.machine.held(before, at: life.now)
        #expect(held.containerStatuses?.first?.ready == false && held.phase == .running)
        #expect(held.conditions?.first { $0.type == "Ready" }?.status == "False")
        #expect(held.conditions?.first { $0.type == "Initialized" } == before.conditions?.first { $0.type == "Initialized" })
        #expect(signals(life) == [.stop])
    }

    @Test("results that say nothing, and results of a container before, change nothing")
    func strayResults() throws {
        var life = try life(#""readinessProbe":{"periodSeconds":1,"failureThreshold":1}"#) { _, life in
            life.now.monotonic < .seconds(2) ? .success(warning: nil) : .unknown(message: "the shim does not answer")
        }
        life.pass(.seconds(5))
        #expect(life.containerStatus("c")?.ready == true)
        #expect(life.events.contains { $0.message == "Readiness probe errored and resulted in unknown state: the shim does not answer" })
        life.receive(.probed(containerID: "another", .readiness, .failure(message: "no")))
        #expect(life.containerStatus("c")?.ready == true)
    }

    @Test("a warning is told and counts as a success")
    func warning() throws {
        let life = try life(#""readinessProbe":{"periodSeconds":1}"#) { _, _ in .success(warning: "redirected") }
        #expect(life.containerStatus("c")?.ready == true)
        #expect(life.events.contains { $0.reason == "ProbeWarning" && $0.message == "Readiness probe warning: redirected" })
    }
}
