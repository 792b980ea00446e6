import KubeModel
import Testing
import Timing

@testable import PodCore

/// The action `RestartAllContainers` of `restartPolicyRules` (KEP-5532).
@Suite("Restart of all containers of a pod")
struct PodRestartAllTests {
    private static let rule =
        #""restartPolicy":"Never","restartPolicyRules":[{"action":"RestartAllContainers","exitCodes":{"operator":"In","values":[42]}}]"#
    /// A container that runs once, a sidecar, one with the rule, another with a hook.
    private static let spec =
        #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"},{"name":"s","image":"b","restartPolicy":"Always"}],"#
        + #""containers":[{"name":"c","image":"b",\#(rule)},{"name":"d","image":"b","lifecycle":{"preStop":{"exec":{"command":["a"]}}}}]}"#

    private func running() throws -> PodLife {
        var life = PodLife(try PodLife.pod(Self.spec))
        life.exit("i", code: 0)
        return life
    }

    @Test("everything else is ended at once and without hooks, then the pod begins with the first init container in the same sandbox")
    func order() throws {
        var life = try running()
        #expect(life.series("AllContainersRestarting") == ["False"])
        life.exit("c", code: 42)
        #expect(life.signals == ["s stop", "d stop"])
        #expect(!life.actions.contains { if case .runHook = $0 { true } else { false } })
        #expect(life.series("AllContainersRestarting").last == "True RestartAllContainersStarted")
        #expect(life.containerStatus("c")?.state.terminated?.exitCode == 42)
        #expect(life.starts == ["i 0", "s 0", "c 0", "d 0"])
        life.pass(.seconds(2))
        #expect(life.signals == ["s stop", "d stop", "s kill", "d kill"])
        life.exit("d", code: 143)
        #expect(life.starts.count == 4, "the sidecar still runs")
        life.exit("s", code: 137)
        #expect(life.starts == ["i 0", "s 0", "c 0", "d 0", "i 1"])
        #expect(life.series("AllContainersRestarting").last == "False")
        life.exit("i", code: 0)
        #expect(life.starts == ["i 0", "s 0", "c 0", "d 0", "i 1", "s 1", "c 1", "d 1"])
        #expect(life.sandboxesMade == 1)
        #expect(life.phases == [.pending, .running])
        #expect(life.events.filter { $0.reason == "Killing" }.map(\.message) == ["killing", "killing"])
    }

    @Test("statuses say why containers wait and how they ended, and count the restart")
    func statuses() throws {
        var life = try running()
        life.exit("c", code: 42)
        life.exit("d", code: 143)
        life.exit("s", code: 143)
        let message = "The container is removed because RestartAllContainers in place"
        let waiting = life.containerStatus("d")?.state.waiting
        #expect(waiting?.reason == "RestartingAllContainers" && waiting?.message == message)
        #expect(life.containerStatus("c")?.state.terminated?.exitCode == 42, "the cause shows its own end")
        life.exit("i", code: 0)
        for name in ["i", "s", "c", "d"] { #expect(life.containerStatus(name)?.restartCount == 1) }
        let last = life.containerStatus("d")?.lastState.terminated
        #expect(last?.reason == "RestartingAllContainers" && last?.exitCode == 137 && last?.message == message)
        #expect(life.containerStatus("c")?.lastState.terminated?.exitCode == 42)
        #expect(life.containerStatus("i")?.lastState.terminated?.reason == "Completed")
        #expect(life.series("Initialized").last == "True")
    }

    @Test("a pod that restarts itself again and again is held by the back-off of the container that causes it")
    func backOff() throws {
        var life = try running()
        for name in ["c", "s", "d"] { life.exit(name, code: 42) }
        life.exit("i", code: 0)
        #expect(life.starts.suffix(3) == ["s 1", "c 1", "d 1"])
        for name in ["c", "s", "d"] { life.exit(name, code: 42) }
        life.exit("i", code: 0)
        #expect(life.starts.suffix(3) == ["i 2", "s 2", "d 2"])
        #expect(life.containerStatus("c")?.state.waiting?.reason == "CrashLoopBackOff")
        #expect(life.series("AllContainersRestarting").last == "False")
        life.pass(.seconds(10))
        #expect(life.starts.suffix(2) == ["d 2", "c 2"], "its end restarts the others once")
    }

    @Test("two containers with the rule do not free each other from their back-offs")
    func twoCauses() throws {
        let spec = #"{"restartPolicy":"Never","containers":[{"name":"c","image":"b",\#(Self.rule)},{"name":"d","image":"b",\#(Self.rule)}]}"#
        var life = PodLife(try PodLife.pod(spec))
        for _ in 0..<20 {
            for name in ["c", "d"] { life.exit(name, code: 42) }
            life.pass(.seconds(1))
        }
        #expect(life.starts.count <= 8, "\(life.starts)")
        life.pass(.seconds(60))
        #expect(["c", "d"].allSatisfy { life.containerStatus($0)?.state.running != nil })
    }

    @Test("a container that a failed probe has ended counts by its exit code", arguments: [42, 137])
    func probe(code: Int) throws {
        let rule = Self.rule.replacing("Never", with: "Always")
        let spec =
            #"{"containers":[{"name":"c","image":"b","livenessProbe":{"failureThreshold":1},\#(rule)},{"name":"d","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec)) { action, life in
            if case .probe(let kind, _, let id, _) = action { .probed(containerID: id, kind, .failure(message: "no")) } else { life.obey(action) }
        }
        life.pass(.seconds(20))
        life.exit("c", code: code)
        #expect(life.signals.contains("d stop") == (code == 42))
    }

    @Test("an init container with the rule begins with the containers before it", arguments: [42, 0])
    func initContainer(code: Int) throws {
        let rule = Self.rule.replacing("[42]", with: "[\(code)]")
        let spec =
            #"{"restartPolicy":"Never","initContainers":[{"name":"i","image":"b"},{"name":"j","image":"b",\#(rule)}],"containers":[{"name":"c","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec))
        life.exit("i", code: 0)
        life.exit("j", code: code)
        #expect(life.starts == ["i 0", "j 0", "i 1"])
        life.exit("i", code: 0)
        #expect(life.starts == ["i 0", "j 0", "i 1", "j 1"])
        #expect(life.status.phase == .pending)
    }

    @Test("another exit code leaves it to the policy, and the end of a pod comes first")
    func others() throws {
        var life = try running()
        life.exit("c", code: 41)
        #expect(life.signals.isEmpty)
        #expect(life.series("AllContainersRestarting") == ["False"])
        var ending = try running()
        ending.machine.pod.metadata.deletionTimestamp = ending.now.wall
        ending.receive(.updated(ending.machine.pod))
        ending.exit("c", code: 42)
        for name in ["d", "s"] { ending.exit(name, code: 0) }
        #expect(ending.starts.count == 4)
        #expect(ending.series("AllContainersRestarting") == ["False", "False PodFailed"])
    }
}

extension PodLife {
    /// The signals to containers, with the containers' names: `c stop`.
    fileprivate var signals: [String] {
        let started = starts.map { $0.prefix { $0 != " " } }
        return actions.compactMap {
            guard case .stopContainer(let id, _, let signal) = $0, let number = Int(id.dropFirst()) else { return nil }
            return "\(started[number - 1]) \(signal)"
        }
    }
}
