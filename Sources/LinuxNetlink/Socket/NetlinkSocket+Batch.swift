import CMnl
import Glibc
import LinuxSystem
import Synchronization

extension NetlinkSocket {
    /// The kernel's answer to one message of a batch.
    package struct BatchAnswer: Sendable {
        /// The sequence number that the sender gave to the message.
        package let sequence: UInt32
        package let acknowledgement: NetlinkAcknowledgement
    }

    /// Sends several messages as one datagram (nfnetlink's batches) and returns every answer to them.
    ///
    /// The kernel performs a batch within the send, so its answers are there when the send returns: nothing is waited for.
    /// - Returns: the answers, and whether some were lost because there were more than the receive buffer holds.
    package func batch(_ bytes: [UInt8], operation: String) throws(NetlinkError) -> (answers: [BatchAnswer], lost: Bool) {
        try conversation.withLock { conversation throws(NetlinkError) in
            // Sequence numbers are the caller's: nothing older may be in the way.
            _ = try drain(&conversation, operation: operation)
            handle.enlarge(SO_SNDBUF, force: SO_SNDBUFFORCE, to: bytes.count + 4096)
            try handle.send(bytes, operation: operation)
            return try drain(&conversation, operation: operation)
        }
    }

    private func drain(
        _ conversation: inout Conversation, operation: String
    ) throws(NetlinkError) -> (answers: [BatchAnswer], lost: Bool) {
        var answers: [BatchAnswer] = []
        var lost = false
        while true {
            do throws(NetlinkError) {
                guard let count = try handle.receive(into: conversation.buffer, flags: MSG_DONTWAIT, operation: operation) else {
                    return (answers, lost)
                }
                for reply in Self.split(UnsafeRawBufferPointer(rebasing: conversation.buffer[..<count])) {
                    guard Int32(reply.type) == NLMSG_ERROR, let answer = NetlinkAcknowledgement(reply) else { continue }
                    answers.append(BatchAnswer(sequence: reply.sequence, acknowledgement: answer))
                }
            } catch  where error.code == .overrun {
                lost = true
            }
        }
    }

    /// Makes the kernel withhold notifications about changes by the socket with this port: a classic BPF filter on
    /// the port in each datagram's first message. All messages of a datagram stem from one transaction.
    package func ignoreNotifications(causedBy port: UInt32) throws(NetlinkError) {
        // BPF loads words in network byte order, netlink headers are in host order.
        let swapped = port.bigEndian
        var program = [
            FilterInstruction(code: FilterCode.loadWord, k: FilterCode.portOffset),
            FilterInstruction(code: FilterCode.skipUnlessEqual, jf: 1, k: swapped),
            FilterInstruction(code: FilterCode.accept, k: 0),
            FilterInstruction(code: FilterCode.accept, k: UInt32.max),
        ]
        let result = program.withUnsafeMutableBytes { bytes -> Int32 in
            var header = FilterProgram(length: UInt16(bytes.count / MemoryLayout<FilterInstruction>.stride), instructions: bytes.baseAddress)
            return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &header, socklen_t(MemoryLayout<FilterProgram>.size))
        }
        if result < 0 { throw NetlinkError(code: .socket, operation: "setsockopt SO_ATTACH_FILTER", errno: errno) }
    }

    /// Classic BPF; <linux/filter.h> has these as macros that are put together.
    private enum FilterCode {
        /// BPF_LD | BPF_W | BPF_ABS
        static let loadWord: UInt16 = 0x20
        /// BPF_JMP | BPF_JEQ | BPF_K
        static let skipUnlessEqual: UInt16 = 0x15
        /// BPF_RET | BPF_K: how many bytes to keep, none of them drops the datagram.
        static let accept: UInt16 = 0x06
        /// Where `nlmsg_pid` is in the header.
        static let portOffset: UInt32 = 12
    }

    /// struct sock_filter
    private struct FilterInstruction {
        let code: UInt16
        var jt: UInt8 = 0
        var jf: UInt8 = 0
        let k: UInt32
    }

    /// struct sock_fprog
    private struct FilterProgram {
        let length: UInt16
        let instructions: UnsafeMutableRawPointer?
    }
}
