import KubeClient
import TestSupport
import Testing

@Suite("Call queue")
struct CallQueueTests {
    /// One token a second, and none left.
    private static func exhausted() -> CallQueue {
        var bucket = TokenBucket(rate: 1, burst: 1, now: .zero)
        _ = bucket.take(now: .zero)
        return CallQueue(bucket)
    }

    @Test("calls have their turn by priority, then in the order of arrival")
    func turnsFollowPriorityThenArrival() {
        var queue = Self.exhausted()
        let arrivals: [CallPriority] = [.list, .ordinary, .list, .status, .ordinary, .status]
        let tickets = arrivals.map { queue.join($0) }
        var order: [Int] = []
        for second in 1...arrivals.count {
            for index in tickets.indices where !order.contains(index) {
                if queue.turn(of: tickets[index], now: .seconds(second)) == .zero { order.append(index) }
            }
        }
        #expect(order == [3, 5, 1, 4, 0, 2])
    }

    @Test("a call that is overtaken waits longer by one token")
    func anOvertakenCallWaitsLonger() {
        var queue = Self.exhausted()
        let list = queue.join(.list)
        #expect(queue.turn(of: list, now: .zero) == .seconds(1))
        let status = queue.join(.status)
        #expect(queue.turn(of: status, now: .zero) == .seconds(1))
        #expect(queue.turn(of: list, now: .zero) == .seconds(2))
        // The list wakes first, and still leaves the token to the status.
        #expect(queue.turn(of: list, now: .seconds(1)) == .seconds(1))
        #expect(queue.turn(of: status, now: .seconds(1)) == .zero)
        #expect(queue.turn(of: list, now: .seconds(2)) == .zero)
    }

    @Test("a call that gives up leaves its turn to the next")
    func aCallThatGivesUpLeavesItsTurn() {
        var queue = Self.exhausted()
        let (first, second) = (queue.join(.ordinary), queue.join(.ordinary))
        #expect(queue.turn(of: second, now: .zero) == .seconds(2))
        queue.leave(first)
        #expect(queue.turn(of: second, now: .seconds(1)) == .zero)
    }

    /// Turns are asked for as the calls' tasks would: at their own times.
    @Test("never more calls than the bucket allows, and no status behind another call", arguments: 0..<50 as Range<UInt64>)
    func theBucketHoldsAndStatusesGoFirst(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = CallQueue(TokenBucket(rate: 10, burst: 5, now: .zero))
        var waiting: [(ticket: CallQueue.Ticket, priority: CallPriority)] = []
        var granted = 0
        for step in 1...400 {
            let now = Duration.milliseconds(step * 10)
            if random.oneIn(3) {
                let priority = [CallPriority.status, .ordinary, .list].randomElement(using: &random) ?? .list
                waiting.append((queue.join(priority), priority))
            }
            if random.oneIn(20), let index = waiting.indices.randomElement(using: &random) { queue.leave(waiting.remove(at: index).ticket) }
            for (ticket, priority) in waiting.shuffled(using: &random) where queue.turn(of: ticket, now: now) == .zero {
                waiting.removeAll { $0.ticket == ticket }
                granted += 1
                // Tokens for all of them are there, so the tasks may take them in any order.
                #expect(waiting.count { $0.priority < priority } < 5)
            }
            #expect(Double(granted) <= 5 + Double(step) * 0.1 + 0.001)
        }
        #expect(granted > 40)
    }
}
