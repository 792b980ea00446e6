import Synchronization
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct SerialTurnTests {
    private final class Counter: Sendable {
        let present = Atomic(0)
        let most = Atomic(0)
        let order = Mutex<[Int]>([])

        func enter(_ number: Int) {
            most.max(present.add(1, ordering: .relaxed).newValue, ordering: .relaxed)
            order.withLock { $0.append(number) }
        }

        func leave() { present.subtract(1, ordering: .relaxed) }
    }

    @Test("one at a time, and everybody comes, however many wait") func manyWait() async {
        let turn = SerialTurn()
        let counter = Counter()
        await turn.take()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<1000 {
                group.addTask {
                    await turn.take()
                    counter.enter(number)
                    await Task.yield()
                    counter.leave()
                    turn.end()
                }
            }
            turn.end()
        }
        #expect(counter.most.load(ordering: .relaxed) == 1)
        #expect(counter.order.withLock { Set($0) } == Set(0..<1000))
        // Nobody holds it any more.
        await turn.take()
        turn.end()
    }
}
