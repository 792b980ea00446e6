import NodeAgent
import TestSupport
import Testing

@Suite("Memory of pods that have gone", .timeLimit(.minutes(1)))
struct MemoryReturnTests {
    @Test("memory is given back once after many departures") func once() async throws {
        let time = ManualTime()
        let given = Journal<Duration>()
        let (departures, departure) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let part = MemoryReturn(departures: departures, time: time) { given.note(time.now()) }
        try await whileRunning({ await part.run() }) {
            departure.yield()
            await time.waitForSleeper(until: .seconds(30))
            #expect(given.entries.isEmpty)
            for _ in 0..<5 { departure.yield() }
            time.advance(by: .seconds(30))
            await time.waitForSleeper(until: .seconds(60))
            time.advance(by: .seconds(30))
            #expect(await given.wait(count: 2) == [.seconds(30), .seconds(60)])
        }
    }
}
