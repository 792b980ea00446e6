import KubeModel
import NodeAgent
import PodCore
import Testing

@Suite("Rates and starts of cgroups") struct CgroupMemoryTests {
    private static let start = Timestamp(seconds: 1000)

    private var memory = CgroupMemory()

    /// - Parameter usage: microseconds.
    private func reading(_ seconds: Double, usage: UInt64?, start: Timestamp = start) -> NodeMeasurement {
        let whole = Int64(seconds.rounded(.down))
        var stats = ResourceStats(measuredAt: Timestamp(seconds: 2000 + whole, nanoseconds: Int32(((seconds - Double(whole)) * 1e9).rounded())))
        stats.cpu.usage = usage
        return NodeMeasurement(facts: MachineFacts(), machine: CgroupMeasurement(path: "/", startedAt: start, stats: stats))
    }

    private mutating func rate(_ seconds: Double, usage: UInt64?) -> UInt64? {
        var measurement = reading(seconds, usage: usage)
        memory.complete(&measurement)
        return measurement.machine.usageNanoCores
    }

    @Test("the first reading has no rate, the second one has") mutating func twoReadings() {
        #expect(rate(0, usage: 1_000_000) == nil)
        #expect(rate(2, usage: 2_000_000) == 500_000_000)
    }

    @Test("two readings within a moment have no rate of their own") mutating func aMoment() {
        #expect(rate(0, usage: 1_000_000) == nil)
        #expect(rate(0.5, usage: 1_900_000) == nil)
        #expect(rate(4, usage: 3_000_000) == 500_000_000)
        #expect(rate(4.5, usage: 9_000_000) == 500_000_000, "the last rate stays")
    }

    @Test("clients that ask often get the rate of ten seconds") mutating func often() {
        #expect(rate(0, usage: 0) == nil)
        for second in 1..<10 { _ = rate(Double(second), usage: 0) }
        #expect(rate(10, usage: 5_000_000) == 500_000_000)
        #expect(rate(11, usage: 5_000_000) == 500_000_000)
        #expect(rate(20, usage: 5_000_000) == 0)
    }

    @Test("a counter that begins anew, a clock that is set back and a missing figure begin a new rate") mutating func interruptions() {
        _ = rate(0, usage: 9_000_000)
        #expect(rate(20, usage: 10_000_000) == 50_000_000)
        #expect(rate(40, usage: 1000) == nil)
        #expect(rate(60, usage: 20_001_000) == 1_000_000_000)
        #expect(rate(30, usage: 30_000_000) == nil)
        #expect(rate(50, usage: nil) == nil)
        #expect(rate(70, usage: 40_000_000) == nil)
    }

    @Test("a start stays as it was first found, until the cgroup is gone") mutating func starts() {
        var first = reading(0, usage: 0)
        memory.complete(&first)
        var second = reading(1, usage: 0, start: Timestamp(seconds: 1000, nanoseconds: 7))
        memory.complete(&second)
        #expect(second.machine.startedAt == Self.start)
        var other = NodeMeasurement(
            facts: MachineFacts(), machine: CgroupMeasurement(path: "/other", startedAt: Self.start, stats: second.machine.stats))
        memory.complete(&other)
        var third = reading(2, usage: 0, start: Timestamp(seconds: 1500))
        memory.complete(&third)
        #expect(third.machine.startedAt == Timestamp(seconds: 1500))
    }
}
