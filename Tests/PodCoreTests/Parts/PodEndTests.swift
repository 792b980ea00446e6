import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("End of a pod")
struct PodEndTests {
    private var end = PodEnd()

    private mutating func decide(isDeleting: Bool = false, isRemoved: Bool = false, at now: Duration = .zero) -> Decision {
        var decision = Decision()
        end.decide(sandboxIDs: ["s0"], isDeleting: isDeleting, isRemoved: isRemoved, at: now, into: &decision)
        return decision
    }

    private mutating func receive(_ event: PodEnd.Event) {
        var decision = Decision()
        end.receive(event, at: .zero, into: &decision)
    }

    private mutating func reach(_ step: PodEnd.Step) {
        while end.step < step { end.advance() }
    }

    @Test("a pod that is over waits for its deletion, and with its logs for the end of the API object")
    mutating func steps() {
        reach(.cleaningUp)
        #expect(decide().actions == [.cleanUp(sandboxIDs: ["s0"])])
        receive(.done)
        #expect(decide().actions.isEmpty && end.step == .cleanedUp)
        #expect(decide(isDeleting: true).actions == [.removeSandboxes(ids: ["s0"])])
        receive(.done)
        #expect(decide(isDeleting: true).actions.isEmpty && end.step == .removable)
        #expect(decide(isDeleting: true, isRemoved: true).actions == [.removeRemains])
        receive(.done)
        #expect(end.step == .gone)
    }

    @Test("a step that fails is repeated after two seconds and never begun twice")
    mutating func repeats() {
        reach(.cleaningUp)
        _ = decide()
        #expect(decide().actions.isEmpty)
        receive(.failed(message: "busy"))
        #expect(decide().actions.isEmpty && decide().nextWake == .seconds(2))
        #expect(decide(at: .seconds(2)).actions == [.cleanUp(sandboxIDs: ["s0"])])
    }

    @Test("a result without an action under way does not advance the end")
    mutating func lateResult() {
        reach(.cleaningUp)
        receive(.done)
        #expect(end.step == .cleaningUp)
    }
}
