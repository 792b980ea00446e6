import KubeModel
import Synchronization
import TestSupport
import Timing

/// Time, chance and the record of one simulation. Everything in it runs on one thread, so that a seed means one course of things.
final class World: Sendable {
    struct State {
        var random: SeededGenerator
        var agenda = Agenda()
        var trace: [String] = []
        var violations: [String] = []
        /// Faults are injected.
        var hasFaults = true
    }

    let time = SimulatedTime()
    let executor = SteppedExecutor()
    private let state: Mutex<State>
    private static let traceLength = 400

    init(seed: UInt64) {
        state = Mutex(State(random: SeededGenerator(seed: seed)))
    }

    var violations: [String] { state.withLock { $0.violations } }
    var trace: [String] { state.withLock { $0.trace } }
    var hasFaults: Bool { state.withLock { $0.hasFaults } }

    func endFaults() { state.withLock { $0.hasFaults = false } }

    // MARK: Chance

    func random(_ range: Range<Int>) -> Int { state.withLock { Int.random(in: range, using: &$0.random) } }
    func oneIn(_ count: Int) -> Bool { random(0..<count) == 0 }
    /// A fault that happens once in `count` chances, while there are faults.
    func fails(oneIn count: Int) -> Bool { hasFaults && oneIn(count) }

    /// How long a call takes: mostly nothing much, sometimes seconds.
    func delay() -> Duration {
        if fails(oneIn: 40) { return .milliseconds(random(500..<20_000)) }
        return .microseconds(random(10..<20_000))
    }

    // MARK: Events

    func after(_ delay: Duration, _ entry: @escaping @Sendable () -> Void) {
        let now = time.now()
        state.withLock { $0.agenda.add(at: now + delay, entry) }
    }

    func note(_ text: String) {
        let now = time.now()
        state.withLock { state in
            if state.trace.count >= 2 * Self.traceLength { state.trace.removeFirst(Self.traceLength) }
            state.trace.append("\(now) \(text)")
        }
    }

    func violated(_ text: String) {
        note("VIOLATION: \(text)")
        state.withLock { $0.violations.append(text) }
    }

    // MARK: Steps

    /// Runs a job, or lets the next thing happen. Returns false when nothing is left to happen.
    func step() -> Bool {
        if executor.runOne({ random(0..<$0) }) { return true }
        guard let next = [time.next, state.withLock({ $0.agenda.next })].compactMap({ $0 }).min() else { return false }
        time.advance(to: next)
        if let entry = state.withLock({ $0.agenda.takeDue(at: next) }) { entry() }
        return true
    }
}
