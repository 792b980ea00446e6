import Dispatch
import Simulation
import Testing

/// `make simulate` runs more, and longer.
@Suite("Simulated nodes", .serialized)
struct SimulationTests {
    @Test("no invariant is broken by faults, restarts and changes at random times", arguments: UInt64(0)..<12)
    func lives(seed: UInt64) async {
        let report = await run(seed)
        #expect(report.violations.isEmpty, "seed \(seed) after \(report.steps) steps\n\(report.trace.joined(separator: "\n"))")
        #expect(report.steps >= 10_000)
    }

    /// A simulation keeps its thread busy for a second, which other tests must not have to wait for.
    private func run(_ seed: UInt64) async -> Simulation.Report {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: Simulation(seed: seed).run(steps: 10_000)) }
        }
    }
}
