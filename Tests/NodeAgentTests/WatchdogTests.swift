import NodeAgent
import TestSupport
import Testing
import Timing

@Suite("Watchdog", .timeLimit(.minutes(1)))
struct WatchdogTests {
    private let time = ManualTime()
    private let journal = Journal<String>()

    private func watchdog(_ interval: Duration?) -> Watchdog {
        Watchdog(interval: interval, time: time, isAlive: { journal.note("asked") }, send: { journal.note($0) })
    }

    @Test("without an interval there is one report") func noInterval() async throws {
        try await watchdog(nil).run()
        #expect(journal.entries == ["READY=1"])
    }

    @Test("every interval the parts that serve pods answer first, then a report goes out") func interval() async throws {
        try await whileRunning({ _ = try? await watchdog(.seconds(15)).run() }) {
            await time.waitForSleeper(until: .seconds(15))
            #expect(journal.entries == ["READY=1", "asked", "WATCHDOG=1"])
            time.advance(by: .seconds(15))
            await time.waitForSleeper(until: .seconds(30))
            #expect(journal.entries == ["READY=1", "asked", "WATCHDOG=1", "asked", "WATCHDOG=1"])
        }
    }

    @Test("parts that do not answer end the reports") func hangs() async throws {
        let turnstile = Journal<Int>()
        let hanging = Watchdog(interval: .seconds(15), time: time, isAlive: { await turnstile.wait(count: 1) }, send: { journal.note($0) })
        try await whileRunning({ _ = try? await hanging.run() }) {
            await journal.wait(count: 1)
            time.advance(by: .seconds(60))
            #expect(journal.entries == ["READY=1"])
        }
    }
}
