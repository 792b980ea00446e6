import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Images as volumes", .timeLimit(.minutes(1)))
struct ImageVolumeTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func snapshot(policy: String = "IfNotPresent", reference: String = "model:1", hostUsers: Bool? = nil) throws -> PodSnapshot {
        try NodeBench.snapshot(#""image":"app","volumeMounts":[{"name":"m","mountPath":"/m"}]"#) { pod in
            pod.spec.hostUsers = hostUsers
            pod.spec.volumes = try? Wire.decode([Volume].self, #"[{"name":"m","image":{"reference":"\#(reference)","pullPolicy":"\#(policy)"}}]"#)
        }
    }

    /// Ensures the images of `main`; returns its problem, and the events once there are as many as `count`.
    private func ensure(_ snapshot: PodSnapshot, events count: Int) async throws -> (problem: ImageProblem?, events: [Event]) {
        var problem: ImageProblem?
        try await bench.run {
            if case .imageFailed(_, let failure)? = await bench.runner.ensureImage("main", snapshot) { problem = failure }
            await bench.events.calls.wait(count: count)
        }
        return (problem, bench.events.created)
    }

    @Test("the image is pulled and mounted before the container's own, and its events name the pod alone")
    func pulled() async throws {
        node.state.withLock { $0.imageIsPresent = false }
        let (problem, events) = try await ensure(snapshot(), events: 4)
        #expect(problem == nil)
        #expect(node.did.entries.filter { $0.hasPrefix("pull") || $0.hasPrefix("mount") } == ["pull model:1", "mount m", "pull app"])
        #expect(events.map(\.reason) == ["Pulling", "Pulled", "Pulling", "Pulled"])
        #expect(events.map(\.involvedObject.fieldPath) == [nil, nil, "spec.containers{main}", "spec.containers{main}"])
        #expect(events.first?.message == #"Pulling image "model:1""#)
    }

    @Test("a mounted volume keeps its image: nothing is looked for or pulled at a restart of the container")
    func kept() async throws {
        node.state.withLock { $0.imageVolumes = ["m": .mounted(path: "/pods/u1/m")] }
        let (problem, _) = try await ensure(snapshot(policy: "Always"), events: 1)
        #expect(problem == nil && node.didNot("mount") && node.didNot("pull"))
        let main = try #require(try snapshot().pod.spec.container(named: "main"))
        #expect(try await bench.runner.volumePaths(for: main, snapshot())["m"] == "/pods/u1/m")
    }

    @Test("a volume whose mount was lost gets the image that it had, not the one that the tag leads to by now")
    func remounted() async throws {
        node.state.withLock { $0.imageVolumes = ["m": .lost(imageID: "sha256:1")] }
        let (problem, events) = try await ensure(snapshot(policy: "Always"), events: 2)
        #expect(problem == nil && node.did.entries.contains("mount m") && node.didNot("pull"))
        #expect(events.first?.reason == "VolumeRemounted" && events.first?.message.contains("sha256:1") == true)
    }

    @Test(
        "why there is no image is the container's reason to wait",
        arguments: [
            ("Never", WaitingReason.errImageNeverPull, ["ErrImageNeverPull"]), ("Always", .errImagePull, ["Pulling", "Failed"]),
        ])
    func missing(policy: String, reason: WaitingReason, reasons: [String]) async throws {
        node.state.withLock { state in
            state.imageIsPresent = false
            state.pullFailures = [ImageFailure(.pullFailed, "not found")]
        }
        let (problem, events) = try await ensure(snapshot(policy: policy), events: reasons.count)
        #expect(problem?.reason == reason && problem?.image == "model:1")
        #expect(events.map(\.reason) == reasons && node.didNot("mount"))
    }

    @Test("an image that cannot be mounted is an event and the container's reason to wait")
    func notMounted() async throws {
        node.state.withLock { $0.mountFailure = VolumeFailure(.system, "no overlay") }
        let (problem, events) = try await ensure(snapshot(), events: 2)
        #expect(problem?.reason == .createContainerError)
        #expect(problem?.message == "MountVolume.SetUp failed for volume \"m\" : no overlay")
        #expect(events.map(\.reason) == ["Pulled", "FailedMount"])
    }

    @Test("a volume of a pod with ids of its own is mounted for its user namespace, and not without one")
    func userNamespace() async throws {
        let (problem, _) = try await ensure(snapshot(hostUsers: false), events: 1)
        #expect(problem?.reason == .createContainerError && problem?.message.contains("has no sandbox that runs") == true && node.didNot("mount"))
        let user = PodUserNamespace(path: "/proc/7/ns/user", firstID: 65536)
        let other = Self()
        other.node.state.withLock { $0.userNamespace = user }
        #expect(try await other.ensure(snapshot(hostUsers: false), events: 2).problem == nil)
        #expect(other.node.state.withLock { $0.mountedFor } == ["m": user])
    }

    @Test("an artifact can be a volume, and cannot be a container")
    func artifact() async throws {
        node.state.withLock { $0.artifacts = ["model:1"] }
        #expect(try await ensure(snapshot(), events: 2).problem == nil)
        let other = Self()
        other.node.state.withLock { $0.artifacts = ["app"] }
        let (problem, events) = try await other.ensure(snapshot(), events: 3)
        #expect(problem?.reason == .createContainerError && problem?.message.contains("\"app\" is an OCI artifact") == true)
        #expect(events.last?.reason == "Failed" && events.last?.message.hasPrefix("Error: \"app\" is an OCI artifact") == true)
    }

    @Test("a volume without a reference is refused")
    func unnamed() async throws {
        let (problem, _) = try await ensure(snapshot(reference: ""), events: 0)
        #expect(problem?.reason == .invalidImageName && node.didNot("pull"))
    }
}
