import Testing
import Timing

@Suite struct BackOffTests {
    @Test(
        "the pause doubles with each failure, up to the maximum",
        arguments: [
            (.seconds(1), .seconds(30), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]),
            (.milliseconds(100), .seconds(7), [100, 200, 400, 800, 1600, 3200, 6400, 7000, 7000]),
            (.milliseconds(500), .seconds(10), [500, 1000, 2000, 4000, 8000, 10_000, 10_000]),
            (.seconds(5), .seconds(5), [5000, 5000]),
            (.seconds(9), .seconds(5), [5000, 5000]),
        ] as [(Duration, Duration, [Int64])])
    func doubles(initial: Duration, maximum: Duration, milliseconds: [Int64]) {
        var backOff = BackOff(initial: initial, maximum: maximum)
        #expect(milliseconds.map { _ in backOff.next() } == milliseconds.map { .milliseconds($0) })
        backOff.reset()
        #expect(backOff.next() == .milliseconds(milliseconds[0]))
    }

    @Test("the pause between syncs starts at 100 ms and ends at 30 s")
    func longSeries() {
        var delay = BackOff(initial: .milliseconds(100), maximum: .seconds(30))
        let pauses = (0..<12).map { _ in delay.next() }
        #expect(pauses[0] == .milliseconds(100) && pauses[8] == .milliseconds(25600) && pauses[11] == .seconds(30))
        delay.reset()
        #expect(delay.next() == .milliseconds(100))
    }

    @Test("jitter lengthens a pause by at most its fraction, never beyond the maximum, and not the pauses after it")
    func jitter() {
        var backOff = BackOff(initial: .seconds(1), maximum: .seconds(30), jitter: 1)
        #expect((0..<7).map { _ in backOff.next(random: 0) } == [1, 2, 4, 8, 16, 30, 30].map { .seconds($0) })
        backOff.reset()
        #expect(backOff.next(random: 0.5) == .milliseconds(1500))
        #expect(backOff.next(random: 0) == .seconds(2))
        #expect((0..<20).allSatisfy { _ in backOff.next(random: 0.99) <= .seconds(30) })

        var slight = BackOff(initial: .seconds(2), maximum: .seconds(32), jitter: 0.1)
        #expect(slight.next(random: 0.5) == .milliseconds(2100))
        #expect(slight.next(random: 0.5) == .milliseconds(4200))
    }

    @Test("a back-off without jitter ignores the random number")
    func noJitter() {
        var backOff = BackOff(initial: .seconds(1), maximum: .seconds(30))
        #expect(backOff.next(random: 0.9) == .seconds(1))
    }

    @Test("a failure is known until the reset")
    func hasFailed() {
        var backOff = BackOff()
        #expect(!backOff.hasFailed)
        _ = backOff.next()
        #expect(backOff.hasFailed)
        backOff.reset()
        #expect(!backOff.hasFailed)
    }

    @Test("the default is 10 s, then twice as long up to 5 min")
    func defaults() {
        var backOff = BackOff()
        #expect((0..<7).map { _ in backOff.next() } == [10, 20, 40, 80, 160, 300, 300].map { .seconds($0) })
    }

    @Test("before the first step nothing waits; each step waits longer")
    func steps() {
        var backOff = BackOff(initial: .seconds(10), maximum: .seconds(300))
        #expect(backOff.delay(at: .zero) == nil)
        for (now, pause) in [(0, 10), (10, 20), (30, 40), (70, 80), (150, 160), (310, 300), (610, 300)] {
            backOff.step(at: .seconds(now))
            #expect(backOff.delay(at: .seconds(now)) == .seconds(pause))
        }
    }

    @Test("a step that lies more than twice the maximum back is forgotten", arguments: [(600, 10), (601, nil)] as [(Int, Int?)])
    func forgets(now: Int, wanted: Int?) {
        var backOff = BackOff(initial: .seconds(10), maximum: .seconds(300))
        backOff.step(at: .zero)
        #expect(backOff.delay(at: .seconds(now)) == wanted.map { .seconds($0) })
        backOff.step(at: .seconds(now))
        #expect(backOff.delay(at: .seconds(now)) == .seconds(wanted == nil ? 10 : 20))
    }
}
