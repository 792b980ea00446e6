import Synchronization

/// The bytes that all connections of one forward hold for programs that have not taken them. One reader puts them there.
final class ForwardTotal: Sendable {
    static let mostBytes = 4 << 20

    private struct State {
        var bytes = 0
        /// How often some were taken.
        var releases = 0
        var waiter: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isFull: Bool { state.withLock { $0.bytes >= Self.mostBytes } }
    var releases: Int { state.withLock { $0.releases } }

    func add(_ count: Int) { state.withLock { $0.bytes += count } }

    /// Not to be called under the lock of an inbox: the reader that waits for room may be that of any inbox.
    func release(_ count: Int) {
        guard count > 0 else { return }
        let waiter = state.withLock { state in
            state.bytes -= count
            state.releases += 1
            return state.waiter
        }
        waiter?()
    }

    /// Sets the closure that is called each time a program of any connection has taken bytes; `nil` removes it.
    func whenReleased(_ waiter: (@Sendable () -> Void)?) { state.withLock { $0.waiter = waiter } }
}
