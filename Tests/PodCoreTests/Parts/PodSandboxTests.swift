import Testing

@testable import PodCore

@Suite("Sandbox of a pod")
struct PodSandboxTests {
    private var sandbox = PodSandbox()

    private mutating func decide(at now: Duration = .zero) -> Decision {
        var decision = Decision()
        sandbox.decide(at: now, into: &decision)
        return decision
    }

    private mutating func receive(_ event: PodSandbox.Event, isEnding: Bool = false, at now: Duration = .zero) -> [PodAction] {
        var decision = Decision()
        sandbox.receive(event, isEnding: isEnding, at: now, into: &decision)
        return decision.actions
    }

    @Test("a creation that fails is repeated with the next number, after growing pauses")
    mutating func creationFails() {
        #expect(decide().actions == [.createSandbox(attempt: 0)])
        #expect(decide().actions.isEmpty)
        #expect(receive(.creationFailed(message: "no", remains: nil)).count == 1)
        #expect(decide().nextWake == .seconds(1))
        #expect(decide(at: .seconds(1)).actions == [.createSandbox(attempt: 1)])
        _ = receive(.creationFailed(message: "no", remains: nil), at: .seconds(1))
        #expect(decide(at: .seconds(1)).nextWake == .seconds(3))
    }

    @Test("what a failed creation leaves is stopped and removed before the next one, which still pauses")
    mutating func creationLeavesSomething() {
        _ = decide()
        _ = receive(.creationFailed(message: "no address", remains: "a"))
        #expect(sandbox.knownIDs == ["a"] && sandbox.readyID == nil)
        #expect(decide().actions == [.stopSandbox(id: "a")])
        _ = receive(.stopFailed(message: "no"))
        #expect(decide(at: .seconds(2)).actions == [.stopSandbox(id: "a")])
        #expect(receive(.stopped, at: .seconds(2)) == [.removeSandbox(id: "a")])
        #expect(decide(at: .seconds(2)).actions == [.createSandbox(attempt: 1)])
        _ = receive(.creationFailed(message: "no address", remains: "b"), at: .seconds(2))
        _ = decide(at: .seconds(2))
        _ = receive(.stopped, at: .seconds(2))
        #expect(decide(at: .seconds(2)).nextWake == .seconds(4))
    }

    @Test("without the devices that the pod claims no sandbox is made, and it is tried again after growing pauses")
    mutating func devices() {
        _ = decide()
        let told = receive(.devicesMissing(message: "no driver"))
        #expect(
            told == [.record(PodEventRecord(.warning, "FailedPrepareDynamicResources", "Failed to prepare dynamic resources: no driver"))])
        #expect(decide().nextWake == .seconds(1))
        #expect(decide(at: .seconds(1)).actions == [.createSandbox(attempt: 0)])
        _ = receive(.devicesMissing(message: "no driver"), at: .seconds(1))
        #expect(decide(at: .seconds(1)).nextWake == .seconds(3))
    }

    @Test("without a pod network the sandbox waits for it, without a pause afterwards")
    mutating func network() {
        _ = decide()
        #expect(receive(.networkMissing).count == 1)
        let waiting = decide()
        #expect(waiting.actions.isEmpty && waiting.nextWake == nil)
        _ = receive(.networkReady)
        #expect(decide().actions == [.createSandbox(attempt: 0)])
        // The check of the creation came a moment before the network.
        #expect(receive(.networkMissing).isEmpty)
        #expect(decide().actions == [.createSandbox(attempt: 0)])
        // It has gone again.
        #expect(receive(.networkMissing).count == 1)
        #expect(decide().actions.isEmpty)
    }

    @Test("a pod that waits for the pod network can end") mutating func endWithoutNetwork() {
        _ = decide()
        _ = receive(.networkMissing)
        var decision = Decision()
        let isStopped = sandbox.decideEnd(at: .zero, into: &decision)
        #expect(isStopped && decision.actions.isEmpty)
    }

    @Test("a lost sandbox is stopped before the next one is made; a stop that fails is repeated after two seconds")
    mutating func lost() {
        _ = decide()
        _ = receive(.created(id: "a", addresses: ["10.0.0.2"]))
        #expect(sandbox.readyID == "a" && sandbox.addresses == ["10.0.0.2"])
        _ = receive(.ended(id: "another"))
        #expect(sandbox.readyID == "a")
        _ = receive(.ended(id: "a"))
        #expect(sandbox.readyID == nil && sandbox.addresses.isEmpty)
        #expect(decide().actions == [.stopSandbox(id: "a")])
        #expect(decide().actions.isEmpty)
        _ = receive(.stopFailed(message: "no"))
        #expect(decide().nextWake == .seconds(2))
        #expect(decide(at: .seconds(2)).actions == [.stopSandbox(id: "a")])
        _ = receive(.stopped, at: .seconds(2))
        #expect(decide(at: .seconds(2)).actions == [.createSandbox(attempt: 1)])
    }

    @Test("at the pod's end the stop of a lost sandbox is not begun a second time, and no other sandbox follows")
    mutating func endWhileLost() {
        _ = decide()
        _ = receive(.created(id: "a", addresses: []))
        _ = receive(.ended(id: "a"))
        #expect(decide().actions == [.stopSandbox(id: "a")])
        var decision = Decision()
        let isStopped = sandbox.decideEnd(at: .zero, into: &decision)
        #expect(!isStopped && decision.actions.isEmpty)
        _ = receive(.stopped, isEnding: true)
        #expect(sandbox.state == .stopped(addresses: []))
        #expect(decide().actions.isEmpty)
    }

    @Test("a sandbox that is stopped at the pod's end keeps its addresses")
    mutating func end() {
        _ = decide()
        _ = receive(.created(id: "a", addresses: ["10.0.0.2"]))
        var decision = Decision()
        let isStopped = sandbox.decideEnd(at: .zero, into: &decision)
        #expect(!isStopped && decision.actions == [.stopSandbox(id: "a")])
        #expect(sandbox.readyID == "a")
        _ = receive(.stopped, isEnding: true)
        #expect(sandbox.addresses == ["10.0.0.2"])
    }

    @Test("a pod without a sandbox ends without one")
    mutating func endWithout() {
        var decision = Decision()
        let isStopped = sandbox.decideEnd(at: .zero, into: &decision)
        #expect(isStopped && decision.actions.isEmpty)
    }
}
