import KubeModel
import Testing
import Timing

@testable import PodCore

/// The life of a pod under the next agent, which finds the status in the API and the limits in the runtime's records.
@Suite("Resizes across a restart of the agent")
struct ResizeRecoveryTests {
    private typealias Amounts = (cpu: String, memory: String)

    private func container(_ id: String, _ name: String, _ limits: CgroupResources, count: Int = 0) -> RecoveredSandbox.Container {
        let process = ContainerConfiguration.Process(
            args: ["sh"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
            seccomp: .unconfined)
        let configuration = ContainerConfiguration(
            id: id, name: name, role: .regular, restartCount: count, image: "b", imageID: "i", lowerDirectories: [], process: process,
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: limits,
            log: .init(path: "/log"))
        return .init(configuration: configuration, condition: .running(StartedContainer(id: id, pid: 4, startedAt: Timestamp(seconds: 1))))
    }

    /// The records of a pod whose cgroups enforce the spec of `pod` (the pod's own), `c` and `d`.
    private func records(pod: Pod, c: Pod, d: Pod? = nil) -> RecoveredSandbox {
        func limits(_ pod: Pod, _ index: Int) -> CgroupResources {
            pod.spec.cgroupResources(of: pod.spec.containers[index], ResourceRules(), isCritical: false)
        }
        return RecoveredSandbox(
            configuration: SandboxConfiguration(
                id: "s0", pod: PodIdentity(namespace: "default", name: "p", uid: "u-1"), attempt: 0, hostname: "p", qosClass: "Burstable",
                resources: pod.spec.cgroupResources(ResourceRules())),
            createdAt: Timestamp(seconds: 1_800_000_000), addresses: ["10.0.0.9"], isRunning: true, networkNamespacePath: nil,
            containers: [container("c1", "c", limits(c, 0)), container("c2", "d", limits(d ?? pod, 1))])
    }

    private func resizeEvents(_ life: PodLife) -> [String] { life.events.map(\.reason).filter { $0.hasPrefix("Resize") } }

    private let small = Result { try PodLife.resizable() }
    private let large = Result { try PodLife.resizable("200m", "128Mi") }

    private func life(to other: Pod, answer: @escaping (PodAction, inout PodLife) -> PodEvent? = { $1.obey($0) }) throws -> PodLife {
        var life = PodLife(try small.get(), answer: answer)
        life.resize(to: other)
        return life
    }

    @Test("a pod that was never resized is left alone, also twice")
    func untouched() throws {
        let pod = try small.get()
        let once = PodLife(pod).next(finding: [records(pod: pod, c: pod)])
        let twice = once.next(finding: [records(pod: pod, c: pod)])
        for life in [once, twice] { #expect(life.plans.isEmpty && resizeEvents(life).isEmpty && life.statuses.count == 1) }
    }

    @Test("a resize that is over stays over") func finished() throws {
        let (before, large) = (try life(to: large.get()), try large.get())
        let life = before.next(finding: [records(pod: large, c: large)])
        #expect(life.plans.isEmpty && resizeEvents(life).isEmpty)
        #expect(life.containerStatus("c")?.resources == before.containerStatus("c")?.resources)
    }

    /// The earlier agent ended at any step: before the first, between two, or before the last status.
    @Test("a resize half done goes on and ends", arguments: 0..<3)
    func halfDone(step: Int) throws {
        let (small, large) = (try small.get(), try large.get())
        let before = try life(to: large) { action, life in if case .applyResize = action { nil } else { life.obey(action) } }
        #expect(before.status.conditions?.first?.type == "PodResizeInProgress")
        let found = [records(pod: small, c: small), records(pod: large, c: small), records(pod: large, c: large)][step]
        let life = before.next(finding: [found])
        #expect(life.plans.count == (step < 2 ? 1 : 0))
        #expect(resizeEvents(life) == ["ResizeCompleted"])
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("128Mi"))
        #expect(life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("200m"))
        #expect(!(life.status.conditions ?? []).contains { $0.type.hasPrefix("PodResize") })
        #expect(!life.statuses.contains { $0.container(named: "c")?.allocatedResources?["cpu"] != Quantity("200m") })
    }

    @Test("a deferred resize stays deferred without another event, and containers start with what is set aside")
    func deferred() throws {
        let small = try small.get()
        let defers: (PodAction, inout PodLife) -> PodEvent? = { action, life in
            if case .reviewResize(let request) = action { return .resizeReviewed(request, .deferred(reason: "OutOfcpu", message: "no room")) }
            return life.obey(action)
        }
        let before = try life(to: large.get(), answer: defers)
        var life = before.next(finding: [records(pod: small, c: small)], answer: defers)
        #expect(resizeEvents(life).isEmpty && life.plans.isEmpty)
        #expect(life.status.conditions == before.status.conditions)
        #expect(life.machine.allocatedPod.spec.containers[0].resources?.limits?["memory"] == Quantity("64Mi"))
        life.exit("c", code: 1)
        life.pass(.seconds(20))
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("64Mi"))
        life.answer = { $1.obey($0) }
        life.receive(.roomFreed)
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("128Mi"))
    }

    @Test("a resize that came while no agent was there is reviewed") func meanwhile() throws {
        let (small, large) = (try small.get(), try large.get())
        var before = PodLife(small)
        before.machine.pod.spec = large.spec
        let life = before.next(finding: [records(pod: small, c: small)])
        #expect(resizeEvents(life) == ["ResizeStarted", "ResizeCompleted"])
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("128Mi"))
    }

    @Test("what was set aside for a container that has not started survives, too")
    func notStarted() throws {
        let defers: (PodAction, inout PodLife) -> PodEvent? = { action, life in
            switch action {
            case .reviewResize(let request): .resizeReviewed(request, .infeasible(message: "never"))
            case .ensureImage: nil
            default: life.obey(action)
            }
        }
        let before = try life(to: large.get(), answer: defers)
        #expect(before.containerStatus("c")?.allocatedResources?["cpu"] == Quantity("100m"))
        let life = before.next(answer: defers)
        #expect(life.machine.allocatedPod.spec.containers[0].resources?.limits?["memory"] == Quantity("64Mi"))
        #expect(life.status.conditions?.first { $0.type == "PodResizePending" } == before.status.conditions?.first)
        #expect(resizeEvents(life).isEmpty)
    }

    @Test("after a reboot everything starts with what is set aside, and a resize that was under way is over")
    func reboot() throws {
        let before = try life(to: large.get()) { action, life in if case .applyResize = action { nil } else { life.obey(action) } }
        let life = before.next()
        #expect(life.starts == ["c 1", "d 1"] && life.plans.isEmpty && resizeEvents(life) == ["ResizeCompleted"])
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("128Mi"))
    }

    @Test("the allocation of the pod as a whole survives")
    func podLevel() throws {
        let text = #"{"resources":{"requests":{"cpu":"1"},"limits":{"cpu":"2"}},"containers":[{"name":"c","image":"b"}]}"#
        let defers: (PodAction, inout PodLife) -> PodEvent? = { action, life in
            if case .reviewResize(let request) = action { return .resizeReviewed(request, .infeasible(message: "never")) }
            return life.obey(action)
        }
        var before = PodLife(try PodLife.pod(text), answer: defers)
        before.resize(
            to: try PodLife.pod(text.replacing(#""cpu":"1""#, with: #""cpu":"3""#).replacing(#""cpu":"2""#, with: #""cpu":"4""#)))
        let life = before.next(answer: defers)
        #expect(life.machine.allocatedPod.spec.resources?.requests?["cpu"] == Quantity(1))
        #expect(life.machine.allocatedPod.spec.resources?.limits?["cpu"] == Quantity(2))
    }
}
