import NodeAgent
import TestSupport
import Testing

@Suite("Memory that pods leave free", .timeLimit(.minutes(1)))
struct MemoryReturnTests {
    @Test("memory is given back once after many changes") func once() async throws {
        let time = ManualTime()
        let given = Journal<Duration>()
        let (turnover, change) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let part = MemoryReturn(turnover: turnover, time: time) { given.note(time.now()) }
        try await whileRunning({ await part.run() }) {
            change.yield()
            await time.waitForSleeper(until: .seconds(30))
            #expect(given.entries.isEmpty)
            for _ in 0..<5 { change.yield() }
            time.advance(by: .seconds(30))
            await time.waitForSleeper(until: .seconds(60))
            time.advance(by: .seconds(30))
            #expect(await given.wait(count: 2) == [.seconds(30), .seconds(60)])
        }
    }
}
