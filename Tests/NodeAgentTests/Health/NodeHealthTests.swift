import TestSupport
import Testing

@testable import NodeAgent

@Suite("Health of the node's parts", .timeLimit(.minutes(1)))
struct NodeHealthTests {
    private struct Broken: Error, CustomStringConvertible { let description = "disk is gone" }

    private let time = ManualTime()
    private let readiness = NodeReadiness()

    private func health(_ probe: HealthProbe) -> NodeHealth {
        readiness.report("network", problem: nil)
        return NodeHealth([probe], period: .seconds(30), readiness: readiness, time: time, logger: .silent)
    }

    @Test("a problem makes the node unready until it has passed") func comesAndGoes() async throws {
        let looks = Journal<Void>()
        let isBroken = Locked(true)
        let health = health(
            HealthProbe("images", patience: .seconds(60)) {
                defer { looks.note(()) }
                if isBroken.value { throw Broken() }
            })
        #expect(health.problem(of: "images") == nil)
        try await whileRunning({ await health.run() }) {
            await looks.wait(count: 1)
            try await eventually("the node is unready") { readiness.problem == "images: disk is gone" }
            #expect(health.problem(of: "images") == "disk is gone")
            isBroken.set(false)
            await time.waitForSleeper(until: .seconds(30))
            time.advance(by: .seconds(30))
            try await eventually("the node is ready") { readiness.problem == nil }
        }
    }

    @Test("an answer that is overdue is a problem, and is one until it comes") func overdue() async throws {
        let began = Journal<Void>()
        let answer = Journal<Void>()
        let health = health(
            HealthProbe(NodeHealth.syncLoop, patience: .seconds(60)) {
                began.note(())
                await answer.wait(count: 1)
            })
        try await whileRunning({ await health.run() }) {
            await began.wait(count: 1)
            await time.waitForSleeper(until: .seconds(60))
            #expect(health.problem(of: NodeHealth.syncLoop) == nil && readiness.problem == nil)
            time.advance(by: .seconds(60))
            try await eventually("the node is unready") { readiness.problem == "syncloop: no answer for 60.0 seconds" }
            #expect(health.problem(of: NodeHealth.syncLoop) == "no answer for 60.0 seconds")
            answer.note(())
            try await eventually("the node is ready") { readiness.problem == nil }
        }
    }
}
