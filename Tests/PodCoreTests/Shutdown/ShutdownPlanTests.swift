import KubeModel
import PodCore
import Testing

@Suite("The order of pods when the machine shuts down")
struct ShutdownPlanTests {
    private func names(_ plan: ShutdownPlan, _ priorities: [Int?]) -> [String] {
        let pods = priorities.enumerated().map { index, priority in Place.pod("\(index)", priority: priority) }
        return plan.groups(of: pods).map { group in "\(group.seconds): " + group.pods.map(\.name).joined(separator: " ") }
    }

    @Test("critical pods get the last part of the time")
    func twoParts() {
        let plan = ShutdownPlan(total: 30, critical: 10)
        #expect(plan.total == .seconds(30))
        #expect(names(plan, [2_000_000_000, nil, 1_999_999_999, 2_000_001_000]) == ["20: 1 2", "10: 0 3"])
    }

    @Test("a group without pods takes no time") func emptyGroups() {
        #expect(names(ShutdownPlan(total: 30, critical: 10), [2_000_000_000]) == ["10: 0"])
        #expect(names(ShutdownPlan(total: 30, critical: 10), []) == [])
    }

    @Test("times by priority, whatever their order in the configuration")
    func byPriority() {
        let plan = ShutdownPlan([
            ShutdownPeriod(priority: 1000, seconds: 120), ShutdownPeriod(priority: 10, seconds: 10), ShutdownPeriod(priority: 100, seconds: 20),
        ])
        #expect(names(plan, [1000, 999, 100, 99, 10, 9, -5]) == ["10: 3 4 5 6", "20: 1 2", "120: 0"])
        #expect(plan.total == .seconds(150))
    }

    @Test("without a time no pod is ended") func off() {
        #expect(ShutdownPlan(total: 0, critical: 0).isEmpty && names(ShutdownPlan([]), [1]) == [])
    }
}
