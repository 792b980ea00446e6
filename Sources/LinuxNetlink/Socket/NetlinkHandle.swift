import CLinux
import CMnl
import Glibc
import LinuxSystem

/// libmnl's socket, owned: opened and bound here, closed with the last reference.
///
/// The pointer is only read after `init`, and libmnl keeps no state behind it but the descriptor and the address.
final class NetlinkHandle: @unchecked Sendable {
    private let socket: OpaquePointer

    init(_ bus: NetlinkBus, namespace: Int32?) throws(SystemError) {
        let name = "netlink \(bus.rawValue)"
        let opened: OpaquePointer?
        if let namespace {
            let number = try systemCall("socket", name) { swl_netlink_socket_in_netns(namespace, bus.rawValue) }
            opened = mnl_socket_fdopen(number)
            if opened == nil { close(number) }
        } else {
            opened = mnl_socket_open2(bus.rawValue, Int32(SOCK_CLOEXEC.rawValue))
        }
        guard let opened else { throw SystemError(call: "socket", path: name, errno: errno) }
        socket = opened
        try systemCall("bind", name) { mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) }
    }

    deinit { mnl_socket_close(socket) }

    var descriptor: Int32 { mnl_socket_get_fd(socket) }
    var port: UInt32 { mnl_socket_get_portid(socket) }

    /// A SOL_NETLINK option.
    func setOption(_ option: some BinaryInteger, _ value: Int32) throws(SystemError) {
        var value = value
        try systemCall("setsockopt", "netlink option \(option)") {
            mnl_socket_setsockopt(socket, Int32(option), &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Sets a buffer size, beyond the system's maximum if that is allowed. A smaller buffer only shows later, as ENOBUFS
    /// or EMSGSIZE of the call that needed more.
    func enlarge(_ option: Int32, force: Int32, to size: Int) {
        var value = Int32(clamping: size)
        let length = socklen_t(MemoryLayout<Int32>.size)
        if setsockopt(descriptor, SOL_SOCKET, force, &value, length) < 0 {
            _ = setsockopt(descriptor, SOL_SOCKET, option, &value, length)
        }
    }

    func setReceiveTimeout(seconds: Int) throws(SystemError) {
        var value = timeval(tv_sec: seconds, tv_usec: 0)
        try systemCall("setsockopt", "SO_RCVTIMEO") {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &value, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    func send(_ bytes: [UInt8], operation: String) throws(NetlinkError) {
        do throws(SystemError) {
            try systemCall("sendto") { bytes.withUnsafeBytes { mnl_socket_sendto(socket, $0.baseAddress, $0.count) } }
        } catch {
            throw NetlinkError(code: .socket, operation: operation, errno: error.errno, kernelText: "sending \(bytes.count) bytes")
        }
    }

    /// The size of the next datagram, `nil` when none comes (in time).
    func receive(
        into buffer: UnsafeMutableRawBufferPointer, flags: some BinaryInteger, operation: String
    ) throws(NetlinkError) -> Int? {
        // MSG_TRUNC answers the datagram's real length, so that a cut one is noticed.
        let flags = Int32(flags) | Int32(truncatingIfNeeded: MSG_TRUNC)
        let count: Int
        do throws(SystemError) {
            count = try systemCall("recv") { recv(descriptor, buffer.baseAddress, buffer.count, flags) }
        } catch {
            switch error.errno {
            case EAGAIN: return nil
            case ENOBUFS: throw NetlinkError(code: .overrun, operation: operation, errno: ENOBUFS)
            default: throw NetlinkError(code: .socket, operation: operation, errno: error.errno)
            }
        }
        guard count <= buffer.count else {
            throw NetlinkError(code: .overrun, operation: operation, kernelText: "a message of \(count) bytes, room for \(buffer.count)")
        }
        return count
    }
}
