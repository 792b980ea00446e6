import CMnl
import LinuxNetlink
import LinuxSystem
import Nftables
import Synchronization

/// Turns nf_tables notifications into requests to read the tables again. It sleeps in the process' readiness loop; each wake-up
/// reads the notifications that have arrived.
final class ForeignChanges: Sendable {
    private let socket: NetlinkSocket
    private let descriptor: OwnedFileDescriptor
    private let loop: ReadinessLoop
    private let tables: [TableID]
    private let continuation: AsyncStream<Void>.Continuation
    private let token = Mutex<ReadinessLoop.Token?>(nil)
    private let ended = Atomic(false)

    static func stream(_ socket: NetlinkSocket, tables: [TableID]) throws -> AsyncStream<Void> {
        // Any number of values asks for the same, so one is kept.
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let watcher = try ForeignChanges(socket, tables, continuation)
        continuation.onTermination = { _ in watcher.stop() }
        watcher.wait()
        return stream
    }

    private init(_ socket: NetlinkSocket, _ tables: [TableID], _ continuation: AsyncStream<Void>.Continuation) throws {
        self.socket = socket
        self.tables = tables
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
            if try socket.notifications().contains(where: concernsTables) { continuation.yield() }
        } catch {
            // Lost messages may have been about these tables.
            continuation.yield()
        }
    }

    private func concernsTables(_ reply: NetlinkReply) -> Bool {
        guard reply.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES), reply.type & 0xff != UInt16(NFT_MSG_NEWGEN.rawValue),
            let family = reply.header(as: nfgenmsg.self)?.nfgen_family,
            // Attribute 1 of every object's message is its table.
            let table = reply.attributes(after: nfgenmsg.self)[NFTA_TABLE_NAME.rawValue]?.string
        else { return false }
        return tables.contains { $0.family.rawValue == family && $0.name == table }
    }
}
