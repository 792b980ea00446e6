import Simulation
import Testing

@Suite("Simulated nodes")
struct SimulationTests {
    /// `make simulate` runs more, and longer.
    @Test("no invariant is broken by faults, restarts and changes at random times", arguments: UInt64(0)..<20)
    func lives(seed: UInt64) {
        let report = Simulation(seed: seed).run(steps: 10_000)
        #expect(report.violations.isEmpty, "seed \(seed) after \(report.steps) steps\n\(report.trace.joined(separator: "\n"))")
        #expect(report.steps >= 10_000)
    }
}
