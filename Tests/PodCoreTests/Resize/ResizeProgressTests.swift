import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Resizes that fail or need a restart")
struct ResizeProgressTests {
    // MARK: Failures

    private static let below = "cannot decrease memory limits: attempting to set container \"c\" memory limit (1) below current usage (2)"

    @Test("a refused limit is shown with its reason and tried again every ten seconds")
    func refused() throws {
        var used = 2
        var life = PodLife.resizing(try PodLife.resizable()) { plan in
            used += 1
            return plan.outcome(after: 0, .failed(message: Self.below.replacing("(2)", with: "(\(used))")))
        }
        life.resize(to: try PodLife.resizable("100m", "8Mi"))
        let shown = try #require(life.condition("PodResizeInProgress"))
        #expect(shown.reason == "Error" && shown.message == Self.below.replacing("(2)", with: "(3)"))
        #expect(life.messages("ResizeError").count == 1)
        #expect(
            life.messages("ResizeError")[0].hasSuffix(
                #","generation":2,"error":"cannot decrease memory limits: attempting to set container \"c\" memory limit (1) below current usage (3)"}"#
            ))
        let count = life.statuses.count
        life.pass(.seconds(30))
        #expect(life.plans.count == 4 && life.messages("ResizeError").count == 1, "other figures are not another failure")
        #expect(life.statuses.count == count)
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("64Mi"))
        #expect(life.containerStatus("c")?.allocatedResources?["memory"] == Quantity("8Mi"))

        life.answer = { $1.obey($0) }
        life.resize(to: try PodLife.resizable())
        #expect(life.condition("PodResizeInProgress") == nil && life.messages("ResizeCompleted").count == 1)
        #expect(life.containerStatus("c")?.allocatedResources?["memory"] == Quantity("64Mi"))
    }

    @Test("after a failure the steps taken count, and containers may start")
    func halfDone() throws {
        var life = PodLife.resizing(try PodLife.resizable()) { $0.outcome(after: 2, .failed(message: "no")) }
        life.resize(to: try PodLife.resizable("200m", "128Mi"))
        #expect(life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("128Mi"))
        #expect(life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("100m"))
        life.exit("d", code: 1)
        #expect(life.starts.contains("d 1"))
        life.answer = { $1.obey($0) }
        life.pass(.seconds(10))
        #expect(life.plans.last?.steps.count == 2, "the CPU is left")
        #expect(life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("200m"))
    }

    @Test("a resize that meets an end is tried again without a word") func interrupted() throws {
        var life = PodLife.resizing(try PodLife.resizable()) { $0.outcome(after: 0, .interrupted) }
        life.resize(to: try PodLife.resizable("200m"))
        #expect(life.condition("PodResizeInProgress")?.reason == nil && life.messages("ResizeError").isEmpty)
        life.answer = { $1.obey($0) }
        life.pass(.seconds(1))
        #expect(life.condition("PodResizeInProgress") == nil)
    }

    // MARK: Restarts

    @Test(
        "a container whose policy asks for it gets its memory by a restart, whatever the restart policy", arguments: ["Always", "OnFailure", "Never"])
    func restart(policy: String) throws {
        var life = PodLife.resizing(try PodLife.resizable(policy: "RestartContainer", restartPolicy: policy))
        life.resize(to: try PodLife.resizable("200m", "128Mi"))
        #expect(life.messages("Killing") == ["Container c resize requires restart"])
        #expect(life.plans.isEmpty && life.condition("PodResizeInProgress") != nil, "the pod grows after the end")
        life.exit("c", code: 0)
        #expect(life.starts == ["c 0", "d 0", "c 1"])
        #expect(life.plans.map { $0.steps.count } == [2], "of the pod alone")
        #expect(life.condition("PodResizeInProgress") == nil && life.containerStatus("c")?.resources?.limits?["memory"] == Quantity("128Mi"))
        #expect(life.status.phase == .running && life.messages("ResizeCompleted").count == 1)
        life.pass(.seconds(600))
        #expect(life.starts.count == 3)
    }

    @Test("CPU changes in place where only memory asks for a restart") func noRestart() throws {
        var life = PodLife.resizing(try PodLife.resizable(policy: "RestartContainer"))
        life.resize(to: try PodLife.resizable("200m"))
        #expect(life.messages("Killing").isEmpty && life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("200m"))
    }

    @Test("no container starts until the pod has got what the container is promised")
    func holds() throws {
        var life = PodLife.resizing(try PodLife.resizable(policy: "RestartContainer"), apply: { _ in nil })
        life.resize(to: try PodLife.resizable("100m", "128Mi"))
        life.exit("c", code: 0)
        #expect(life.plans.count == 1 && life.starts == ["c 0", "d 0"])
        life.receive(.resizeApplied(life.plans[0].outcome(after: 1, .done)))
        #expect(life.starts == ["c 0", "d 0", "c 1"])
    }

    @Test("a start under way ends before a resize begins, and its container is resized too")
    func startUnderWay() throws {
        var life = PodLife(try PodLife.resizable()) { action, life in
            if case .startContainer("c", _, _, _, _) = action { return nil }
            return life.obey(action)
        }
        life.resize(to: try PodLife.resizable("200m"))
        #expect(life.plans.isEmpty)
        life.receive(.containerStarted(container: "c", StartedContainer(id: "c9", pid: 1, startedAt: life.now.wall), sandboxID: "s0", imageID: "i"))
        #expect(life.plans.count == 1)
        #expect(life.plans[0].steps.contains { if case .container("c", "c9", _) = $0 { true } else { false } })
        #expect(life.containerStatus("c")?.resources?.requests?["cpu"] == Quantity("200m") && life.starts.contains("d 0"))
    }
}
