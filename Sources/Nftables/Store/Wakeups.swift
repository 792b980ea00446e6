import Synchronization

/// Reasons to sync, collected while a sync is going on. Any number of them ends in one more sync.
final class Wakeups: Sendable {
    struct Reasons: OptionSet, Sendable {
        let rawValue: Int
        static let ownerChange = Reasons(rawValue: 1)
        static let foreignChange = Reasons(rawValue: 2)
        static let retry = Reasons(rawValue: 4)
    }

    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let pending = Mutex(Reasons())

    init() {
        (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ reasons: Reasons) {
        pending.withLock { $0.formUnion(reasons) }
        continuation.yield()
    }

    /// Ends the stream.
    func finish() { continuation.finish() }

    /// Returns the collected reasons and forgets them.
    func take() -> Reasons {
        pending.withLock { pending in
            defer { pending = [] }
            return pending
        }
    }
}
