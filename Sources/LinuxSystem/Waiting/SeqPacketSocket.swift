import CLinux
import Glibc

/// A `SOCK_SEQPACKET` unix socket: whole records, with descriptors. Never blocks a thread.
///
/// One task may send while another receives; two concurrent senders are fine as well, records are never mixed.
package final class SeqPacketSocket: Sendable {
    /// One received record. Its descriptors are closed with it unless someone keeps them.
    package struct Record: Sendable {
        package let bytes: [UInt8]
        package let descriptors: [OwnedFileDescriptor]
    }

    /// The process at the other end (`SO_PEERCRED`: at the time of connect or listen).
    package struct Peer: Sendable, Hashable {
        package let pid: Int32
        package let uid: UInt32
        package let gid: UInt32
    }

    package let descriptor: OwnedFileDescriptor
    /// Records above this size are refused in both directions.
    package let recordLimit: Int

    /// Takes over a connected non-blocking socket.
    package init(adopting descriptor: OwnedFileDescriptor, recordLimit: Int = 128 << 10) {
        self.descriptor = descriptor
        self.recordLimit = recordLimit
    }

    /// Connects to a listening socket. A full backlog is waited for until `timeout`.
    package static func connect(
        to path: String, recordLimit: Int = 128 << 10, timeout: Duration = .seconds(5)
    ) async throws -> SeqPacketSocket {
        let socket = try descriptorCall("socket") { swl_unix_socket(Int32(SOCK_SEQPACKET.rawValue), Int32(SOCK_NONBLOCK.rawValue)) }
        do throws(SystemError) {
            try systemCall("connect", path) { socket.withRawValue { swl_unix_connect($0, path) } }
            return SeqPacketSocket(adopting: socket, recordLimit: recordLimit)
        } catch {
            guard error.is(EAGAIN) else { throw error }
        }
        // A unix socket reports no readiness for a full backlog, so a blocking connect on a pool thread waits for a place.
        return try await BlockingPool.shared.run("connect \(path)", deadline: timeout) {
            let socket = try descriptorCall("socket") { swl_unix_socket(Int32(SOCK_SEQPACKET.rawValue), 0) }
            try systemCall("connect", path) { socket.withRawValue { swl_unix_connect($0, path) } }
            try systemCall("fcntl", path) { socket.withRawValue { fcntl($0, F_SETFL, O_NONBLOCK) } }
            return SeqPacketSocket(adopting: socket, recordLimit: recordLimit)
        }
    }

    /// Two connected ends.
    package static func pair(recordLimit: Int = 128 << 10) throws(SystemError) -> (SeqPacketSocket, SeqPacketSocket) {
        var first: Int32 = -1
        var second: Int32 = -1
        try systemCall("socketpair") { swl_socketpair(Int32(SOCK_SEQPACKET.rawValue), &first, &second) }
        return (
            SeqPacketSocket(adopting: OwnedFileDescriptor(first), recordLimit: recordLimit),
            SeqPacketSocket(adopting: OwnedFileDescriptor(second), recordLimit: recordLimit)
        )
    }

    package func peer() throws(SystemError) -> Peer {
        var pid: pid_t = 0
        var uid: uid_t = 0
        var gid: gid_t = 0
        try systemCall("getsockopt SO_PEERCRED") { descriptor.withRawValue { swl_peer_credentials($0, &pid, &uid, &gid) } }
        return Peer(pid: pid, uid: uid, gid: gid)
    }

    /// Sends one record. Waits while the peer's queue is full; `.timedOut` then, with nothing sent.
    package func send(_ bytes: [UInt8], descriptors: [OwnedFileDescriptor] = [], timeout: Duration? = nil) async throws {
        guard bytes.count <= recordLimit else {
            throw SystemError(code: .tooLarge, call: "sendmsg", detail: "a record of \(bytes.count) bytes, at most \(recordLimit) are allowed")
        }
        while true {
            do throws(SystemError) {
                let numbers = descriptors.map(\.rawValue)
                try systemCall("sendmsg") {
                    descriptor.withRawValue { swl_send_fds($0, bytes, bytes.count, numbers, UInt32(numbers.count), 0) }
                }
                extendLifetime(descriptors)
                return
            } catch {
                if error.is(EPIPE) || error.is(ECONNRESET) { throw SystemError(code: .closed, call: "sendmsg", errno: error.errno) }
                guard error.is(EAGAIN) else { throw error }
            }
            try await ReadinessLoop.shared().wait(for: descriptor, .writable, timeout: timeout)
        }
    }

    /// The next record, `nil` when the other end has closed.
    package func receive(timeout: Duration? = nil) async throws -> Record? {
        while true {
            switch try receiveNow() {
            case .record(let record): return record
            case .end: return nil
            case .nothingYet: break
            }
            try await ReadinessLoop.shared().wait(for: descriptor, .readable, timeout: timeout)
        }
    }

    package func close() { descriptor.close() }

    private enum Arrival {
        case record(Record)
        case end
        case nothingYet
    }

    private func receiveNow() throws(SystemError) -> Arrival {
        guard !descriptor.isClosed else { throw SystemError(code: .closed, call: "recvmsg", errno: EBADF) }
        do throws(SystemError) {
            // The record's length first, so that a small record does not cost the largest buffer.
            let length = try systemCall("recv") {
                descriptor.withRawValue { recv($0, nil, 0, Int32(MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT)) }
            }
            return try receive(capacity: min(length, recordLimit)).map { .record($0) } ?? .end
        } catch {
            if error.is(EAGAIN) { return .nothingYet }
            if error.is(ECONNRESET) { return .end }
            throw error
        }
    }

    private func receive(capacity: Int) throws(SystemError) -> Record? {
        var bytes = [UInt8](repeating: 0, count: max(capacity, 1))
        var numbers = [Int32](repeating: -1, count: Int(SWL_FDS_MAX))
        var count: UInt32 = 0
        var flags: Int32 = 0
        let length = try systemCall("recvmsg") {
            descriptor.withRawValue { socket in
                swl_recv_fds(socket, &bytes, bytes.count, &numbers, UInt32(numbers.count), &count, &flags, Int32(MSG_DONTWAIT))
            }
        }
        // Owned before anything can throw, so that a refused record leaks nothing.
        let descriptors = numbers[..<Int(count)].map { OwnedFileDescriptor($0) }
        if length == 0, descriptors.isEmpty { return nil }
        if flags & Int32(MSG_TRUNC) != 0 {
            throw SystemError(code: .tooLarge, call: "recvmsg", detail: "a record above \(recordLimit) bytes")
        }
        if flags & Int32(MSG_CTRUNC) != 0 {
            throw SystemError(code: .tooLarge, call: "recvmsg", errno: EMFILE, detail: "descriptors of a record were lost")
        }
        bytes.removeLast(bytes.count - length)
        return Record(bytes: bytes, descriptors: descriptors)
    }
}
