import CMnl
import Glibc
package import LinuxSystem
import Synchronization

/// A netlink socket: requests with acknowledgement, dumps, notifications.
///
/// Calls are made one at a time: the lock is the turn in the conversation, since a request and its answers belong
/// together. The kernel answers in the caller's own `sendto`, so no call waits for another program; still, it may
/// wait for the kernel's RTNL, so call it from a queue or thread that may block, never from the cooperative pool.
package final class NetlinkSocket: Sendable {
    /// Bytes of the receive buffer: the kernel fills dumps up to 32 KiB per message when it sees that much room.
    static let bufferSize = 64 * 1024
    /// A dump that changes under the reader is repeated this often.
    static let dumpAttempts = 8

    let handle: NetlinkHandle
    let conversation = Mutex(Conversation())

    /// The socket's address, which the kernel writes into notifications about the socket's own requests.
    package let port: UInt32

    struct Conversation: ~Copyable {
        var sequence: UInt32 = 1
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: NetlinkSocket.bufferSize, alignment: 16)

        deinit { buffer.deallocate() }

        mutating func nextSequence() -> UInt32 {
            sequence = sequence == .max ? 1 : sequence + 1
            return sequence
        }
    }

    /// Opens a socket in the calling thread's network namespace, or in that of `namespace`: a descriptor of the
    /// namespace, which the caller keeps. A socket stays in the namespace that it was opened in.
    ///
    /// - Parameters:
    ///   - sendBuffer: bytes; forced beyond the system's maximum when the process may (CAP_NET_ADMIN).
    ///   - receiveBuffer: bytes, likewise.
    package init(
        _ bus: NetlinkBus, namespace: Int32? = nil, sendBuffer: Int? = nil, receiveBuffer: Int? = nil
    ) throws(NetlinkError) {
        do throws(SystemError) {
            handle = try NetlinkHandle(bus, namespace: namespace)
            try handle.setOption(NETLINK_CAP_ACK, 1)
            try handle.setOption(NETLINK_EXT_ACK, 1)
            // Without strict checking a route or address dump ignores its own filter.
            if bus == .route { try? handle.setOption(NETLINK_GET_STRICT_CHK, 1) }
            if let sendBuffer { handle.enlarge(SO_SNDBUF, force: SO_SNDBUFFORCE, to: sendBuffer) }
            if let receiveBuffer { handle.enlarge(SO_RCVBUF, force: SO_RCVBUFFORCE, to: receiveBuffer) }
            try handle.setReceiveTimeout(seconds: 30)
        } catch {
            throw NetlinkError(error)
        }
        port = handle.port
    }

    /// The descriptor, for readiness sources. It belongs to the socket.
    package var descriptor: Int32 { handle.descriptor }

    /// A second descriptor of the same socket, for a readiness source that wants to own one.
    package func duplicateDescriptor() throws(NetlinkError) -> OwnedFileDescriptor {
        do throws(SystemError) {
            return try descriptorCall("fcntl F_DUPFD_CLOEXEC") { fcntl(handle.descriptor, F_DUPFD_CLOEXEC, 3) }
        } catch {
            throw NetlinkError(error)
        }
    }

    /// Sends a request and returns the kernel's messages before its acknowledgement (usually none).
    @discardableResult
    package func transact(_ message: NetlinkMessage) throws(NetlinkError) -> [NetlinkReply] {
        try conversation.withLock { conversation throws(NetlinkError) in
            try exchange(message, flags: UInt16(NLM_F_REQUEST | NLM_F_ACK), &conversation).replies
        }
    }

    /// Sends a request whose answer is one message (`RTM_GETLINK` of one link).
    package func query(_ message: NetlinkMessage) throws(NetlinkError) -> NetlinkReply {
        guard let reply = try transact(message).first else {
            throw NetlinkError(code: .malformed, operation: message.name, kernelText: "no answer before the acknowledgement")
        }
        return reply
    }

    /// Reads a whole list. A list that changed while it was read is read again (NLM_F_DUMP_INTR), so is one that
    /// overflowed the receive buffer.
    package func dump(_ message: NetlinkMessage) throws(NetlinkError) -> [NetlinkReply] {
        try conversation.withLock { conversation throws(NetlinkError) in
            for _ in 0..<Self.dumpAttempts {
                do throws(NetlinkError) {
                    let answer = try exchange(message, flags: UInt16(NLM_F_REQUEST | NLM_F_DUMP), &conversation)
                    if !answer.interrupted { return answer.replies }
                } catch  where error.code == .overrun || error.errno == EINTR || error.errno == EAGAIN {
                    continue
                }
            }
            throw NetlinkError(code: .interrupted, operation: message.name, kernelText: "changed \(Self.dumpAttempts) times while it was read")
        }
    }

    /// Subscribes to a multicast group (`RTNLGRP_LINK`, `NFNLGRP_NFTABLES`, …).
    package func join(_ group: some BinaryInteger) throws(NetlinkError) {
        do throws(SystemError) {
            try handle.setOption(NETLINK_ADD_MEMBERSHIP, Int32(truncatingIfNeeded: group))
        } catch {
            throw NetlinkError(error, object: "multicast group \(group)")
        }
    }

    /// Ends a subscription.
    package func leave(_ group: some BinaryInteger) throws(NetlinkError) {
        do throws(SystemError) {
            try handle.setOption(NETLINK_DROP_MEMBERSHIP, Int32(truncatingIfNeeded: group))
        } catch {
            throw NetlinkError(error, object: "multicast group \(group)")
        }
    }

    /// Returns the messages that arrived without a request, and does not wait. Throws `.overrun` when messages were lost: read everything again.
    package func notifications() throws(NetlinkError) -> [NetlinkReply] {
        try conversation.withLock { conversation throws(NetlinkError) in
            var replies: [NetlinkReply] = []
            while let count = try handle.receive(into: conversation.buffer, flags: MSG_DONTWAIT, operation: "notifications") {
                replies += Self.split(UnsafeRawBufferPointer(rebasing: conversation.buffer[..<count]))
            }
            return replies
        }
    }

    private func exchange(
        _ message: NetlinkMessage, flags: UInt16, _ conversation: inout Conversation
    ) throws(NetlinkError) -> (replies: [NetlinkReply], interrupted: Bool) {
        let sequence = conversation.nextSequence()
        try handle.send(message.encoded(flags: flags, sequence: sequence), operation: message.name)
        var replies: [NetlinkReply] = []
        var interrupted = false
        while true {
            guard let count = try handle.receive(into: conversation.buffer, flags: 0, operation: message.name) else {
                throw NetlinkError(code: .timedOut, operation: message.name)
            }
            for reply in Self.split(UnsafeRawBufferPointer(rebasing: conversation.buffer[..<count])) {
                // Left over from a request that ended early, or a notification.
                guard reply.sequence == sequence, reply.port == port else { continue }
                interrupted = interrupted || reply.flags & UInt16(NLM_F_DUMP_INTR) != 0
                switch Int32(reply.type) {
                case NLMSG_NOOP:
                    continue
                case NLMSG_DONE:
                    // Dumps report a late failure in DONE's payload.
                    if let error = reply.header(as: Int32.self), error < 0 {
                        throw NetlinkError(code: .refused, operation: message.name, errno: -error)
                    }
                    return (replies, interrupted)
                case NLMSG_ERROR:
                    guard let answer = NetlinkAcknowledgement(reply) else {
                        throw NetlinkError(code: .malformed, operation: message.name)
                    }
                    if answer.errno == 0 { return (replies, interrupted) }
                    throw NetlinkError(code: .refused, operation: message.name, errno: answer.errno, kernelText: answer.text)
                default:
                    replies.append(reply)
                }
            }
        }
    }

    /// The messages of one datagram; they share one copy of its bytes.
    static func split(_ datagram: UnsafeRawBufferPointer) -> [NetlinkReply] {
        let bytes = Array(datagram)
        var replies: [NetlinkReply] = []
        var offset = 0
        let headerSize = MemoryLayout<nlmsghdr>.size
        while offset + headerSize <= bytes.count {
            let header = bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: nlmsghdr.self) }
            let length = Int(header.nlmsg_len)
            guard length >= headerSize, offset + length <= bytes.count else { break }
            replies.append(
                NetlinkReply(
                    type: header.nlmsg_type, flags: header.nlmsg_flags, sequence: header.nlmsg_seq, port: header.nlmsg_pid,
                    message: bytes[offset..<(offset + length)]))
            offset += (length + 3) & ~3
        }
        return replies
    }
}
