import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Ends of pods that do not go smoothly")
struct PodEndingTests {
    /// A deleted pod with these seconds of grace, on a node that cannot send the signals that `fails` names.
    private func ending(grace: Int64, fails: @escaping (StopSignal) -> Bool) throws -> PodLife {
        var life = PodLife(try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#)) { action, life in
            guard case .stopContainer(let id, _, let signal) = action, fails(signal) else { return life.obey(action) }
            return .signalFailed(containerID: id, signal, message: "no answer")
        }
        var pod = life.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_100)
        pod.metadata.deletionGracePeriodSeconds = grace
        life.receive(.updated(pod))
        return life
    }

    private func signals(_ life: PodLife) -> [StopSignal] {
        life.actions.compactMap { if case .stopContainer(_, _, let signal) = $0 { signal } else { nil } }
    }

    @Test("a kill that could not be sent is repeated until the container is gone, and reported once")
    func killIsRepeated() throws {
        var life = try ending(grace: 2) { $0 == .kill }
        // Tries after 0, 1, 3, 7, 15, 31 seconds and then every 30.
        life.pass(.seconds(2))
        #expect(signals(life) == [.stop, .kill])
        life.pass(.seconds(32))
        #expect(signals(life) == [.stop] + Array(repeating: .kill, count: 6))
        life.pass(.seconds(300))
        #expect(signals(life).count == 17)
        let told = life.events.filter { $0.reason == "FailedKillPod" }.map(\.message)
        #expect(told == [#"error killing pod: failed to "KillContainer" for "c" with KillContainerError: "no answer""#])
        life.exit("c", code: 137)
        life.pass(.seconds(300))
        #expect(signals(life).count == 17)
        #expect(life.machine.mayDeleteFromAPI)
    }

    @Test("a stop signal that could not be sent is repeated until the grace period is over, then the kill follows at once")
    func stopIsRepeated() throws {
        var life = try ending(grace: 5) { $0 == .stop }
        life.pass(.milliseconds(4900))
        #expect(signals(life) == [.stop, .stop, .stop])
        life.pass(.milliseconds(200))
        #expect(signals(life) == [.stop, .stop, .stop, .kill])
        life.pass(.seconds(100))
        #expect(signals(life) == [.stop, .stop, .stop, .kill])
    }

    @Test("a sidecar that is stopped after the grace period has two seconds, whatever else happens meanwhile")
    func lateSidecar() throws {
        let spec = #"{"initContainers":[{"name":"s","image":"b","restartPolicy":"Always"}],"containers":[{"name":"c","image":"b"}]}"#
        var life = PodLife(try PodLife.pod(spec))
        var pod = life.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1_800_000_100)
        pod.metadata.deletionGracePeriodSeconds = 3
        life.receive(.updated(pod))
        life.pass(.seconds(4))
        life.exit("c", code: 137)
        #expect(signals(life) == [.stop, .kill, .stop])
        life.receive(.updated(pod))
        #expect(signals(life) == [.stop, .kill, .stop])
        life.pass(.seconds(2))
        #expect(signals(life) == [.stop, .kill, .stop, .kill])
    }

    @Test("a failure reported after the next signal was sent repeats nothing")
    func lateFailure() throws {
        var life = try ending(grace: 2) { _ in false }
        life.pass(.seconds(3))
        life.receive(.signalFailed(containerID: "c1", .stop, message: "no answer"))
        life.receive(.signalFailed(containerID: "another", .kill, message: "no answer"))
        life.pass(.seconds(60))
        #expect(signals(life) == [.stop, .kill])
        #expect(!life.events.contains { $0.reason == "FailedKillPod" })
    }

    @Test("the termination messages of a pod share 12 KiB", arguments: [(1, 5000), (3, 4096), (4, 3072), (5, 2457)])
    func messagesShare(containers: Int, limit: Int) throws {
        let list = (0..<containers).map { #"{"name":"c\#($0)","image":"b"}"# }.joined(separator: ",")
        var life = PodLife(try PodLife.pod(#"{"restartPolicy":"Never","containers":[\#(list)]}"#))
        let long = String(repeating: "m", count: 5000)
        for record in life.machine.containers {
            let exit = ContainerExit(startedAt: nil, finishedAt: life.now.wall, exitCode: 1)
            life.receive(.containerExited(id: record.running?.id ?? "", exit, message: long))
        }
        #expect(life.status.containerStatuses?.compactMap { $0.state.terminated?.message?.utf8.count } == Array(repeating: limit, count: containers))
    }

    @Test("a cut termination message ends with a whole character")
    func messageOfWideCharacters() throws {
        let list = (0..<4).map { #"{"name":"c\#($0)","image":"b"}"# }.joined(separator: ",")
        var life = PodLife(try PodLife.pod(#"{"restartPolicy":"Never","containers":[\#(list)]}"#))
        let id = try #require(life.machine.containers.first?.running?.id)
        let exit = ContainerExit(startedAt: nil, finishedAt: life.now.wall, exitCode: 1)
        life.receive(.containerExited(id: id, exit, message: "m" + String(repeating: "é", count: 2000)))
        #expect(life.containerStatus("c0")?.state.terminated?.message?.utf8.count == 3071)
    }
}
