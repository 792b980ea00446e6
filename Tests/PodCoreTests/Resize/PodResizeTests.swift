import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Resizes of a pod")
struct PodResizeTests {
    private static let summary =
        #""containers":[{"name":"c","resources":{"limits":{"memory":"128Mi"},"requests":{"cpu":"200m","memory":"128Mi"}}},{"name":"d","resources":{"limits":{"memory":"32Mi"},"requests":{"cpu":"50m","memory":"32Mi"}}}],"generation":2"#

    // MARK: The way of a resize that fits

    @Test("a resize that fits is set aside, shown, brought into force and over")
    func fits() throws {
        var life = PodLife(try PodLife.resizable())
        #expect(life.reviews == 0 && life.status.resources?.requests?["cpu"] == Quantity("150m"))
        let before = life.statuses.count
        life.resize(to: try PodLife.resizable("200m", "128Mi"))
        #expect(life.plans.map(\.steps.count) == [4], "memory and then CPU, of the pod first")
        let shown = life.statuses[before...]
        let middle = try #require(shown.first { $0.conditions?.first?.type == "PodResizeInProgress" })
        #expect(middle.observedGeneration == 2 && middle.conditions?.first?.observedGeneration == 2 && middle.conditions?.first?.reason == nil)
        #expect(middle.container(named: "c")?.allocatedResources?["cpu"] == Quantity("200m"))
        #expect(middle.container(named: "c")?.resources?.requests?["cpu"] == Quantity("100m"))
        #expect(middle.container(named: "c")?.resources?.limits?["memory"] == Quantity("64Mi"))
        #expect(middle.allocatedResources?["cpu"] == Quantity("250m") && middle.resources?.requests?["cpu"] == Quantity("150m"))
        #expect(middle.resources?.limits?["memory"] == Quantity("96Mi"))

        let status = try #require(life.containerStatus("c"))
        #expect(status.resources?.limits?["memory"] == Quantity("128Mi") && status.resources?.requests?["cpu"] == Quantity("200m"))
        #expect(status.restartCount == 0 && life.status.resources?.requests?["cpu"] == Quantity("250m"))
        #expect(!(life.status.conditions ?? []).contains { $0.type.hasPrefix("PodResize") })
        #expect(life.messages("ResizeStarted") == ["Pod resize started: {\(Self.summary)}"])
        #expect(life.messages("ResizeCompleted") == ["Pod resize completed: {\(Self.summary)}"])
        life.pass(.seconds(3600))
        #expect(life.plans.count == 1 && life.reviews == 1, "over for good")
    }

    @Test("other words for the same amount are not a resize")
    func equivalents() throws {
        var life = PodLife(try PodLife.resizable("100m", "64Mi"))
        life.resize(to: try PodLife.resizable("0.1", "65536Ki"))
        #expect(life.reviews == 0 && life.events.allSatisfy { !$0.reason.hasPrefix("Resize") })
    }

    @Test("a first limit and a first request are shown once they are in force")
    func additions() throws {
        var life = PodLife.resizing(
            try PodLife.pod(#"{"containers":[{"name":"c","image":"b","resources":{"requests":{"cpu":"1"}}}]}"#), apply: { _ in nil })
        var other = life.machine.pod
        other.spec.containers[0].resources = ResourceRequirements(
            limits: ["cpu": Quantity(2), "memory": Quantity(8)], requests: ["cpu": Quantity(1), "memory": Quantity(8)])
        life.resize(to: other)
        #expect(life.containerStatus("c")?.allocatedResources == ["cpu": Quantity(1), "memory": Quantity(8)])
        #expect(life.containerStatus("c")?.resources?.requests == ["cpu": Quantity(1)])
        #expect(life.containerStatus("c")?.resources?.limits == [:])
        let plan = try #require(life.plans.first)
        life.receive(.resizeApplied(plan.outcome(after: plan.steps.count, .done)))
        #expect(life.containerStatus("c")?.resources == other.spec.containers[0].resources)
    }

    @Test("the answer to an earlier wish is kept, and the later wish is reviewed after it")
    func changedMeanwhile() throws {
        var life = PodLife.resizing(try PodLife.resizable(), review: nil)
        life.resize(to: try PodLife.resizable("200m"))
        life.resize(to: try PodLife.resizable("300m"))
        #expect(life.reviews == 1)
        guard case .reviewResize(let first)? = life.actions.last else { return }
        life.receive(.resizeReviewed(first, .fits))
        #expect(life.reviews == 2 && life.containerStatus("c")?.allocatedResources?["cpu"] == Quantity("200m"))
        guard case .reviewResize(let second)? = life.actions.last(where: { if case .reviewResize = $0 { true } else { false } }) else { return }
        life.receive(.resizeReviewed(second, .fits))
        #expect(life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("300m"))
        #expect(life.messages("ResizeCompleted").count == 2)
    }

    @Test("a later resize waits for the result of the one under way")
    func supersededMeanwhile() throws {
        var life = PodLife.resizing(try PodLife.resizable(), apply: { _ in nil })
        life.resize(to: try PodLife.resizable("200m"))
        life.resize(to: try PodLife.resizable("300m"))
        #expect(life.plans.count == 1 && life.condition("PodResizeInProgress")?.observedGeneration == 3)
        life.receive(.resizeApplied(life.plans[0].outcome(after: 2, .done)))
        #expect(life.plans.count == 2 && life.plans[1].from.containers["c"]?.requests["cpu"] == Quantity("200m"))
        life.receive(.resizeApplied(life.plans[1].outcome(after: 2, .done)))
        #expect(life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("300m"))
        #expect(life.messages("ResizeCompleted").count == 1)
    }

    // MARK: No room

    private static let tooMuch = ResizeVerdict.deferred(reason: "OutOfcpu", message: "no room")

    @Test("a resize without room is deferred and reviewed again after three minutes and when room is freed")
    func deferred() throws {
        var life = PodLife.resizing(try PodLife.resizable(), review: Self.tooMuch)
        life.resize(to: try PodLife.resizable("200m", "128Mi"))
        let pending = try #require(life.condition("PodResizePending"))
        #expect(pending.reason == "Deferred" && pending.message == "no room" && pending.observedGeneration == 2 && pending.status == "True")
        #expect(life.messages("ResizeDeferred") == ["Pod resize OutOfcpu: {\(Self.summary),\"error\":\"no room\"}"])
        #expect(life.containerStatus("c")?.allocatedResources?["cpu"] == Quantity("100m"))
        #expect(life.machine.allocatedPod.spec.containers[0].resources?.limits?["memory"] == Quantity("64Mi"))
        life.pass(.seconds(179))
        #expect(life.reviews == 1)
        life.pass(.seconds(1))
        #expect(life.reviews == 2)
        life.receive(.roomFreed)
        #expect(life.reviews == 3 && life.events.count { $0.reason == "ResizeDeferred" } == 1)
        #expect(life.condition("PodResizePending") == pending, "it does not flap")
        life.answer = { $1.obey($0) }
        life.receive(.roomFreed)
        #expect(life.condition("PodResizePending") == nil && life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("200m"))
    }

    @Test("a resize that can never fit is reviewed again only when the pod asks for something else")
    func infeasible() throws {
        var life = PodLife.resizing(try PodLife.resizable(), review: .infeasible(message: "too much"))
        life.resize(to: try PodLife.resizable("200m", "128Mi"))
        #expect(life.condition("PodResizePending")?.reason == "Infeasible")
        #expect(life.messages("ResizeInfeasible") == ["Pod resize Infeasible: {\(Self.summary),\"error\":\"too much\"}"])
        life.receive(.roomFreed)
        life.pass(.seconds(3600))
        #expect(life.reviews == 1)
        life.resize(to: try PodLife.resizable("300m"))
        #expect(life.reviews == 2 && life.condition("PodResizePending")?.observedGeneration == 3)
    }

    @Test("a wish that is taken back leaves nothing", arguments: [tooMuch, .infeasible(message: "too much"), .unknown])
    func revert(verdict: ResizeVerdict) throws {
        var life = PodLife.resizing(try PodLife.resizable(), review: verdict)
        life.resize(to: try PodLife.resizable("200m"))
        #expect((life.condition("PodResizePending") != nil) == (verdict != .unknown))
        life.resize(to: try PodLife.resizable())
        #expect(life.condition("PodResizePending") == nil && life.machine.resize.review.step == .none)
        #expect(life.plans.isEmpty && life.messages("ResizeCompleted").isEmpty)
    }

    @Test("a node that does not know all pods yet is asked again") func unknown() throws {
        var life = PodLife.resizing(try PodLife.resizable(), review: .unknown)
        life.resize(to: try PodLife.resizable("200m"))
        life.pass(.seconds(30))
        #expect(life.reviews == 2 && life.condition("PodResizePending") == nil)
    }

    @Test("a container that starts while a resize waits gets what is set aside for it")
    func startWhileDeferred() throws {
        var life = PodLife.resizing(try PodLife.resizable(), review: Self.tooMuch)
        life.resize(to: try PodLife.resizable("200m", "128Mi"))
        life.exit("c", code: 1)
        life.pass(.seconds(20))
        #expect(life.starts.contains("c 1") && life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("64Mi"))
    }

    // MARK: The end

    @Test("a pod that is over shows no resize and waits for none")
    func over() throws {
        var life = PodLife.resizing(try PodLife.resizable(restartPolicy: "Never"), review: Self.tooMuch)
        life.resize(to: try PodLife.resizable("200m"))
        #expect(life.machine.resizeRank != nil)
        life.exit("c", code: 0)
        life.exit("d", code: 0)
        #expect(life.status.phase == .succeeded && life.condition("PodResizePending") == nil)
        #expect(life.machine.resizeRank == nil)
    }

    @Test("who waits for room is served by growth, priority, class and time")
    func ranks() {
        func rank(_ grows: Bool = true, _ priority: Int = 0, _ isGuaranteed: Bool = false, _ since: Int64 = 5) -> ResizeRank {
            ResizeRank(grows: grows, priority: priority, isGuaranteed: isGuaranteed, since: Timestamp(seconds: since))
        }
        let ordered = [rank(false, 0), rank(true, 7), rank(true, 0, true, 9), rank(true, 0, false, 3), rank(true, 0, false, 4)]
        #expect(ordered.reversed().sorted() == ordered)
    }
}
