import Synchronization

/// Wakes the task that renews a certificate, because the names or addresses may have changed. A signal that comes between two waits is kept.
package final class RenewalSignal: Sendable {
    private let latch = Mutex(Latch())

    package init() {}

    package func send() { latch.withLock { $0 }.open() }

    /// Returns after a signal, or when the task is cancelled. One waiter at a time.
    func wait() async {
        let current = latch.withLock { $0 }
        await current.wait()
        guard !Task.isCancelled else { return }
        latch.withLock { $0 = Latch() }
    }
}
