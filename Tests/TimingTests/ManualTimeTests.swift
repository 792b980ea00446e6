import KubeModel
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct ManualTimeTests {
    @Test("both clocks move together, and only by hand")
    func moves() {
        let time = ManualTime(epoch: Timestamp(seconds: 1000))
        #expect(time.moment == Moment(wall: Timestamp(seconds: 1000), monotonic: .zero))
        time.advance(by: .seconds(90))
        #expect(time.moment == Moment(wall: Timestamp(seconds: 1090), monotonic: .seconds(90)))
    }

    @Test("a sleeper wakes when its deadline is reached, not before")
    func wakes() async throws {
        let time = ManualTime()
        let woken = Journal<String>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await time.sleep(for: .seconds(10))
                woken.note("10 s")
            }
            group.addTask {
                try await time.sleep(until: .seconds(20))
                woken.note("20 s")
            }
            await time.waitForSleeper(until: .seconds(10))
            await time.waitForSleeper(until: .seconds(20))
            #expect(time.deadlines == [.seconds(10), .seconds(20)])
            time.advance(by: .milliseconds(9999))
            #expect(time.deadlines.count == 2)
            time.advance(by: .milliseconds(1))
            #expect(await woken.wait(count: 1) == ["10 s"])
            #expect(time.deadlines == [.seconds(20)])
            time.advance(by: .seconds(10))
            #expect(await woken.wait(count: 2) == ["10 s", "20 s"])
            try await group.waitForAll()
        }
    }

    @Test("a deadline that has passed is not slept for, but is noted")
    func past() async throws {
        let time = ManualTime()
        time.advance(by: .seconds(5))
        try await time.sleep(until: .seconds(5))
        #expect(time.deadlines.isEmpty && time.pauses == [.zero])
    }

    @Test("a cancelled sleep throws and leaves no sleeper")
    func cancelled() async {
        let time = ManualTime()
        let sleeper = Task { try await time.sleep(for: .seconds(1)) }
        await time.waitForSleeper(until: .seconds(1))
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
        #expect(time.deadlines.isEmpty)
    }

    @Test("passing a pause moves time to the earliest deadline below the limit")
    func passesAPause() async {
        let time = ManualTime()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await time.sleep(for: .seconds(100)) }
            group.addTask { try? await time.sleep(for: .seconds(3)) }
            await time.passPause(shorterThan: .seconds(10))
            #expect(time.now() == .seconds(3))
            group.cancelAll()
        }
    }
}
