import TestSupport
import Testing

@testable import DevCluster

@Suite("Timers of controllers", .timeLimit(.minutes(1)))
struct DelayedWakeTests {
    @Test("a timer wakes at the time that was set last")
    func movedTimer() async {
        let time = ManualTime()
        let wake = DelayedWake(time: time)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wake.run() }
            var wakes = wake.wakes.makeAsyncIterator()
            wake.set(seconds: 10)
            await time.waitForSleeper(until: .seconds(10))
            wake.set(seconds: 30)
            // The sleeper for the first time wakes nothing, but one for the second time begins.
            time.advance(by: .seconds(10))
            await time.waitForSleeper(until: .seconds(30))
            time.advance(by: .seconds(20))
            _ = await wakes.next()
            #expect(time.now() == .seconds(30))
            wake.stop()
            #expect(await wakes.next() == nil)
        }
    }

    @Test("an earlier time takes the place of a later time")
    func earlierTimer() async {
        let time = ManualTime()
        let wake = DelayedWake(time: time)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wake.run() }
            var wakes = wake.wakes.makeAsyncIterator()
            wake.set(seconds: 3600)
            await time.waitForSleeper(until: .seconds(3600))
            wake.set(seconds: 5)
            await time.waitForSleeper(until: .seconds(5))
            time.advance(by: .seconds(5))
            _ = await wakes.next()
            wake.set(seconds: nil)
            time.advance(by: .seconds(3600))
            wake.stop()
            #expect(await wakes.next() == nil)
        }
    }
}
