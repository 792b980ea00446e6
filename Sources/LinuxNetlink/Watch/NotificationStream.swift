import LinuxSystem
import Synchronization

/// Turns the notifications of a netlink socket into wake-ups. It sleeps in the process' readiness loop; each wake-up reads the
/// notifications that have arrived.
package final class NotificationStream: Sendable {
    private let socket: NetlinkSocket
    private let descriptor: OwnedFileDescriptor
    private let loop: ReadinessLoop
    private let isOfInterest: @Sendable (NetlinkReply) -> Bool
    private let continuation: AsyncStream<Void>.Continuation
    private let token = Mutex<ReadinessLoop.Token?>(nil)
    private let ended = Atomic(false)

    /// Returns a stream with a value after a notification of interest, or when notifications were lost. Several may be one value. Ends when the
    /// socket cannot be waited for.
    /// - Parameter socket: has joined its groups, and makes no requests.
    package static func stream(
        _ socket: NetlinkSocket, isOfInterest: @escaping @Sendable (NetlinkReply) -> Bool
    ) throws -> AsyncStream<Void> {
        try start(socket, isOfInterest: isOfInterest).stream
    }

    /// As `stream`, and returns the continuation too, through which the caller adds values of its own.
    package static func start(
        _ socket: NetlinkSocket, isOfInterest: @escaping @Sendable (NetlinkReply) -> Bool
    ) throws -> (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation) {
        // Any number of values asks for the same, so one is kept.
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let watcher = try NotificationStream(socket, isOfInterest, continuation)
        continuation.onTermination = { _ in watcher.stop() }
        watcher.wait()
        return (stream, continuation)
    }

    private init(
        _ socket: NetlinkSocket, _ isOfInterest: @escaping @Sendable (NetlinkReply) -> Bool, _ continuation: AsyncStream<Void>.Continuation
    ) throws {
        self.socket = socket
        self.isOfInterest = isOfInterest
        self.continuation = continuation
        loop = try ReadinessLoop.shared()
        descriptor = try socket.duplicateDescriptor()
    }

    private func stop() {
        ended.store(true, ordering: .sequentiallyConsistent)
        if let token = token.withLock({ $0 }) { loop.cancel(token) }
    }

    private func wait() {
        if ended.load(ordering: .sequentiallyConsistent) { return }
        do {
            // Under the lock, so that the completion's next registration cannot be overwritten by this one.
            let next = try token.withLock { token in
                let next = try loop.register(descriptor, .readable) { [self] result in
                    guard case .success = result else { return continuation.finish() }
                    look()
                    wait()
                }
                token = next
                return next
            }
            // A stop before the registration has not seen the token.
            if ended.load(ordering: .sequentiallyConsistent) { loop.cancel(next) }
        } catch {
            continuation.finish()
        }
    }

    private func look() {
        do throws(NetlinkError) {
            if try socket.notifications().contains(where: isOfInterest) { continuation.yield() }
        } catch {
            // Lost messages may have been of interest.
            continuation.yield()
        }
    }
}
