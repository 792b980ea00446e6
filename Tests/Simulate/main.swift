import Glibc
import Simulation

// Runs simulations: `Simulate FIRST-SEED COUNT STEPS`. Prints a trace and exits with 1 at the first seed that fails.
let numbers = CommandLine.arguments.dropFirst().compactMap { Int($0) }
guard numbers.count == 3, numbers.allSatisfy({ $0 >= 0 }) else {
    print("Simulate: wanted three numbers: the first seed, how many seeds, and the steps of each")
    exit(2)
}
let clock = ContinuousClock()
let began = clock.now
var steps = 0
for seed in numbers[0]..<numbers[0] + numbers[1] {
    let report = Simulation(seed: UInt64(seed)).run(steps: numbers[2])
    steps += report.steps
    guard report.violations.isEmpty else {
        print(report.trace.joined(separator: "\n"))
        print("seed \(seed) fails after \(report.steps) steps:")
        for violation in report.violations { print("  \(violation)") }
        exit(1)
    }
}
print("\(steps) steps of \(numbers[1]) seeds in \(clock.now - began), nothing found")
