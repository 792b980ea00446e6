import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Limits of image pulls", .timeLimit(.minutes(1)))
struct ImagePullGateTests {
    private static func key(_ image: String) -> ImagePullQueue.Key { .init(image: image, credentials: []) }

    @Test("at most so many different images are pulled at once, in their order, and pods with one image share its place")
    func order() {
        var queue = ImagePullQueue(limit: 2)
        #expect(queue.enter(1, Self.key("a")) == [1])
        #expect(queue.enter(2, Self.key("b")) == [2])
        #expect(queue.enter(3, Self.key("c")).isEmpty)
        #expect(queue.enter(4, Self.key("a")) == [4])
        #expect(queue.enter(5, Self.key("d")).isEmpty)
        #expect(queue.enter(6, Self.key("c")).isEmpty)
        // Another pod still waits for a.
        #expect(queue.leave(Self.key("a")).isEmpty)
        #expect(queue.leave(Self.key("a")) == [3, 6])
        #expect(queue.leave(Self.key("b")) == [5])
    }

    @Test("a pull that is given up leaves its place to the next")
    func withdrawn() {
        var queue = ImagePullQueue(limit: 1)
        #expect(queue.enter(1, Self.key("a")) == [1])
        #expect(queue.enter(2, Self.key("b")).isEmpty && queue.enter(3, Self.key("c")).isEmpty)
        queue.withdraw(2)
        #expect(queue.leave(Self.key("a")) == [3])
    }

    @Test("of the callers that share a pull the first to end has its result, and the next pull has another first one")
    func first() async throws {
        var queue = ImagePullQueue(limit: nil)
        _ = queue.enter(1, Self.key("a")) + queue.enter(2, Self.key("a")) + queue.enter(3, Self.key("b"))
        #expect(["a", "a", "b"].map { queue.finish(Self.key($0)) } == [true, false, true])
        _ = queue.leave(Self.key("a"))
        #expect(["a"].map { queue.finish(Self.key($0)) } == [false], "one still shares it")
        _ = queue.leave(Self.key("a"))
        #expect(["a"].map { queue.finish(Self.key($0)) } == [true])

        let gate = ImagePullGate(time: ManualTime())
        let turnstile = Turnstile(permits: 0)
        let (begun, results) = (Journal<Void>(), Journal<Int>())
        await withThrowingTaskGroup(of: Void.self) { group in
            for number in 1...5 {
                group.addTask {
                    _ = try await gate.run("a", []) { () async throws(ImageFailure) in
                        begun.note(())
                        await turnstile.pass()
                        return number
                    } first: {
                        results.note($0)
                    }
                }
            }
            await begun.wait(count: 5)
            turnstile.open()
        }
        #expect(results.entries.count == 1)
    }

    @Test("without a limit every pull begins at once")
    func unlimited() {
        var queue = ImagePullQueue(limit: nil)
        for ticket in 1...100 { #expect(queue.enter(UInt64(ticket), Self.key("\(ticket)")) == [UInt64(ticket)]) }
    }

    @Test("serialized pulls run one after the other, and a cancelled one lets the others go on")
    func serialized() async throws {
        let gate = ImagePullGate(ImagePullLimits(parallel: 1), time: ManualTime())
        let turnstile = Turnstile(permits: 0)
        let log = Journal<String>()
        @Sendable func pull(_ name: String) async throws(ImageFailure) {
            try await gate.run(name, []) { () async throws(ImageFailure) in
                log.note("begin \(name)")
                await turnstile.pass()
                log.note("end \(name)")
            }
        }
        let first = Task { try await pull("a") }
        await log.wait(count: 1)
        let second = Task { try await pull("b") }
        second.cancel()
        let failure = await #expect(throws: ImageFailure.self) { try await second.value }
        #expect(failure?.message == "the pull of b was cancelled")
        let third = Task { try await pull("c") }
        turnstile.open()
        try await first.value
        try await third.value
        #expect(log.entries == ["begin a", "end a", "begin c", "end c"])
    }

    @Test("pulls beyond the burst wait for the rate instead of failing")
    func rate() async throws {
        let time = ManualTime()
        let gate = ImagePullGate(ImagePullLimits(rate: 2, burst: 2), time: time)
        for name in ["a", "b"] { try await gate.run(name, []) { () async throws(ImageFailure) in } }
        #expect(time.pauses.isEmpty)
        let third = Task { try await gate.run("c", []) { () async throws(ImageFailure) in } }
        await time.passPause(shorterThan: .seconds(1))
        try await third.value
        #expect(time.pauses == [.milliseconds(500)])
    }
}
