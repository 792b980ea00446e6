import NIOConcurrencyHelpers
import NIOCore

/// One timer that can be moved: it wakes its owner at the earliest time that is due.
final class DelayedWake: Sendable {
    private let loop: any EventLoop
    private let scheduled = NIOLockedValueBox<Scheduled<Void>?>(nil)
    private let signal: AsyncStream<Void>.Continuation
    /// One element per time that came; several may become one.
    let wakes: AsyncStream<Void>

    init(loop: any EventLoop) {
        self.loop = loop
        (wakes, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// Wakes after some seconds, in place of the time that was set before; nil: not at all.
    func set(seconds: Int64?) {
        let next = seconds.map { seconds in
            loop.scheduleTask(in: .seconds(max(0, seconds))) { [signal] in _ = signal.yield() }
        }
        let previous = scheduled.withLockedValue { present in
            let previous = present
            present = next
            return previous
        }
        previous?.cancel()
    }

    func wake() { signal.yield() }

    func stop() {
        set(seconds: nil)
        signal.finish()
    }
}
