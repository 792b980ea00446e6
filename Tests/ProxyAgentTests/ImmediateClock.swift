import Synchronization

/// A clock whose sleeps end at once and are remembered.
final class ImmediateClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private let slept = Mutex<[Duration]>([])
    private let start = ContinuousClock.now

    var now: Instant { start }
    var minimumResolution: Duration { .nanoseconds(1) }
    var sleeps: [Duration] { slept.withLock { $0 } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        slept.withLock { $0.append(deadline - start) }
    }
}
