import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Wake queue", .timeLimit(.minutes(1)))
struct WakeQueueTests {
    private let time = ManualTime()
    private let woken = Journal<String>()

    private func running(_ body: (WakeQueue<String>) async throws -> Void) async throws {
        let queue = WakeQueue<String>(time: time)
        let woken = woken
        try await whileRunning({ await queue.run { woken.note($0) } }) { try await body(queue) }
    }

    @Test("the earliest key is woken first")
    func wakesTheEarliestFirst() async throws {
        try await running { queue in
            queue.set("late", at: .seconds(20))
            queue.set("early", at: .seconds(10))
            await time.waitForSleeper(until: .seconds(10))
            time.advance(by: .seconds(10))
            #expect(await woken.wait(count: 1) == ["early"])
            time.advance(by: .seconds(10))
            #expect(await woken.wait(count: 2) == ["early", "late"])
        }
    }

    @Test("a deadline that has passed wakes at once")
    func aMomentThatIsOverWakesAtOnce() async throws {
        time.advance(by: .seconds(5))
        try await running { queue in
            queue.set("past", at: .seconds(1))
            #expect(await woken.wait(count: 1) == ["past"])
        }
    }

    @Test("a later deadline replaces an earlier one")
    func aLaterMomentReplacesAnEarlierOne() async throws {
        try await running { queue in
            queue.set("a", at: .seconds(10))
            await time.waitForSleeper(until: .seconds(10))
            queue.set("a", at: .seconds(20))
            time.advance(by: .seconds(10))
            await time.waitForSleeper(until: .seconds(20))
            #expect(woken.entries.isEmpty)
            time.advance(by: .seconds(10))
            #expect(await woken.wait(count: 1) == ["a"])
        }
    }

    @Test("a forgotten key is not woken")
    func aForgottenKeyIsNotWoken() async throws {
        try await running { queue in
            queue.set("a", at: .seconds(10))
            queue.set("b", at: .seconds(11))
            queue.set("a", at: nil)
            await time.waitForSleeper(until: .seconds(10))
            time.advance(by: .seconds(11))
            #expect(await woken.wait(count: 1) == ["b"])
        }
    }

    @Test("a key may be set again while it is woken")
    func aKeyMayBeSetAgainWhileItIsWoken() async throws {
        let queue = WakeQueue<String>(time: time)
        let woken = woken
        let run: @Sendable () async -> Void = {
            await queue.run { key in
                woken.note(key)
                if woken.entries.count < 3 { queue.set(key, at: .seconds(10 * (woken.entries.count + 1))) }
            }
        }
        try await whileRunning(run) {
            queue.set("a", at: .seconds(10))
            for turn in 1...3 {
                await time.waitForSleeper(until: .seconds(10 * turn))
                time.advance(by: .seconds(10))
                #expect(await woken.wait(count: turn).count == turn)
            }
        }
    }

    /// Keys set before a far deadline leave no second sleeper for that deadline.
    @Test("sleepers do not pile up")
    func sleepersDoNotPileUp() async throws {
        try await running { queue in
            queue.set("far", at: .seconds(1000))
            await time.waitForSleeper(until: .seconds(1000))
            for second in 1...20 {
                queue.set("near", at: .seconds(second))
                await time.waitForSleeper(until: .seconds(second))
                time.advance(by: .seconds(1))
                await woken.wait(count: second)
            }
            #expect(time.deadlines == [.seconds(1000)])
        }
    }
}
