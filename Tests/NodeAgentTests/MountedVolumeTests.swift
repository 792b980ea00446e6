import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Volumes at the start of a container", .timeLimit(.minutes(1)))
struct MountedVolumeTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private static let volumes =
        #"[{"name":"files","secret":{"secretName":"s","optional":true}},{"name":"memory","emptyDir":{"medium":"Memory"}},{"name":"disk","emptyDir":{}}]"#

    /// A pod whose container `main` is about to start, with others in the given state.
    private func snapshot(running: [String] = [], exited: [String] = []) throws -> PodSnapshot {
        func container(_ name: String, _ fields: String = "") -> String {
            let mounts = ["files", "memory", "disk"].map { #"{"name":"\#($0)","mountPath":"/\#($0)"}"# }.joined(separator: ",")
            return #"{"name":"\#(name)","image":"i","volumeMounts":[\#(mounts)]\#(fields)}"#
        }
        let initial = [container("setup"), container("sidecar", #","restartPolicy":"Always""#)].joined(separator: ",")
        let regular = [container("main"), container("other")].joined(separator: ",")
        var pod = NodeBench.pod()
        pod.spec = try Wire.decode(PodSpec.self, #"{"volumes":\#(Self.volumes),"initContainers":[\#(initial)],"containers":[\#(regular)]}"#)
        let identity = PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid)
        let exit = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 9), exitCode: 0)
        func configuration(_ name: String) -> ContainerConfiguration {
            NodeBench.configuration(id: "id-of-\(name)", name: name, role: pod.spec.role(of: name))
        }
        let containers =
            running.map { NodeBench.running(configuration($0)) }
            + exited.map { RecoveredSandbox.Container(configuration: configuration($0), condition: .exited(exit)) }
        let now = Moment(wall: Timestamp(seconds: 10), monotonic: .zero)
        var machine = PodMachine(pod: pod, startTime: Timestamp(seconds: 1))
        machine.adopt([NodeBench.sandbox("s", of: identity, containers)], at: now) { _ in nil }
        _ = machine.decide(at: now)
        for name in pod.spec.usedVolumeNames { machine.receive(.volumeMounted(name: name, path: "/pods/u1/\(name)"), at: now) }
        return PodSnapshot(machine)
    }

    /// Asks for the volumes of `main` while those named are missing. Returns the reasons and messages of the events as well.
    private func ask(_ missing: Set<String>, _ snapshot: PodSnapshot) async throws -> (result: Result<[String: String], any Error>, events: [Event]) {
        node.state.withLock { $0.missingVolumes = missing }
        let main = try #require(snapshot.pod.spec.container(named: "main"))
        var result: Result<[String: String], any Error> = .success([:])
        try await bench.run {
            do {
                result = .success(try await bench.runner.volumePaths(for: main, snapshot))
            } catch {
                result = .failure(error)
            }
            await bench.events.calls.wait(count: missing.count)
        }
        return (result, bench.events.created)
    }

    @Test("volumes that are there are used as they are")
    func present() async throws {
        let (result, events) = try await ask([], snapshot(running: ["other", "sidecar"], exited: ["setup"]))
        #expect(try result.get() == ["files": "/pods/u1/files", "memory": "/pods/u1/memory", "disk": "/pods/u1/disk"])
        #expect(events.isEmpty && node.didNot("mount"))
    }

    @Test("files that the agent writes are mounted again, whoever uses them, and an event reports it")
    func files() async throws {
        let (result, events) = try await ask(["files"], snapshot(running: ["other"], exited: ["setup"]))
        #expect(try result.get()["files"] == "/pods/u1/files")
        #expect(node.did.entries.contains("mount files"))
        #expect(events.map(\.reason) == ["VolumeRemounted"])
        #expect(events.first?.message.contains(#"Volume "files" was no longer mounted at /pods/u1/files"#) == true)
    }

    @Test("memory begins empty when no container counts on what was in it, and an event says that it is lost")
    func emptyMemory() async throws {
        let (result, events) = try await ask(["memory"], snapshot(exited: ["main", "other"]))
        #expect(try result.get()["memory"] == "/pods/u1/memory")
        #expect(node.did.entries.contains("mount memory"))
        #expect(events.map(\.reason) == ["VolumeContentLost"])
    }

    @Test(
        "memory that others still use, or that an init container filled, is not replaced",
        arguments: [(["other"], []), (["sidecar"], []), ([], ["setup"])] as [([String], [String])])
    func lostMemory(running: [String], exited: [String]) async throws {
        let (result, events) = try await ask(["memory"], snapshot(running: running, exited: exited))
        let failure = try #require(throws: VolumeFailure.self) { try result.get() }
        #expect(failure.code == .lost && failure.message.contains("Delete the pod"))
        #expect(node.didNot("mount memory"))
        #expect(events.map(\.reason) == ["FailedMount"])
        #expect(events.first?.message == "MountVolume.SetUp failed for volume \"memory\" : \(failure.message)")
    }

    @Test("a folder of the node that is gone is not replaced")
    func lostDisk() async throws {
        let (result, events) = try await ask(["disk"], snapshot())
        #expect(throws: VolumeFailure.self) { try result.get() }
        #expect(node.didNot("mount disk") && events.map(\.reason) == ["FailedMount"])
    }

    @Test("a container whose volume is lost waits with CreateContainerError")
    func waitingReason() async throws {
        node.state.withLock { $0.missingVolumes = ["memory"] }
        let event = await bench.runner.startContainer(
            "main", restartCount: 1, image: FakeNode.description("i"), sandboxID: "s", addresses: [], try snapshot(running: ["other"]))
        guard case .containerFailed("main", let problem)? = event else {
            Issue.record("\(String(describing: event))")
            return
        }
        #expect(problem.kind == .create && problem.message.contains("no longer mounted"))
        #expect(node.didNot("start main"))
    }
}
