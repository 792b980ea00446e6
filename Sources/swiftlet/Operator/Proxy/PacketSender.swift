import Addresses
import Glibc
import LinuxSystem
import NIOCore

/// Sends the packet of a trace.
enum PacketSender {
    private static let patience = 1  // second

    /// Begins a connection, or sends an empty datagram. Returns what came of it.
    static func send(to frontend: Frontend) async throws -> String {
        try await BlockingPool.shared.run("send a packet") { try sendNow(to: frontend) }
    }

    private static func sendNow(to frontend: Frontend) throws -> String {
        let target = try SocketAddress(ipAddress: "\(frontend.address)", port: Int(frontend.port))
        let isDatagram = frontend.transport == .udp
        let type = Int32((isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = Int32(frontend.transport.number)
        let socket = try descriptorCall("socket") { Glibc.socket(frontend.address.isV6 ? AF_INET6 : AF_INET, type, number) }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        try systemCall("setsockopt") {
            socket.withRawValue { setsockopt($0, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) }
        }
        do throws(SystemError) {
            try systemCall("connect", "\(frontend)") { socket.withRawValue { number in target.withSockAddr { connect(number, $0, socklen_t($1)) } } }
            if isDatagram { try systemCall("send", "\(frontend)") { socket.withRawValue { Glibc.send($0, nil, 0, Int32(MSG_NOSIGNAL)) } } }
        } catch {
            switch error.errno {
            case EINPROGRESS, EAGAIN, ETIMEDOUT: return "no answer within \(patience) s"
            case ECONNREFUSED: return "connection refused"
            default: return "\(error)"
            }
        }
        return isDatagram ? "sent; a datagram has no answer to wait for" : "connected"
    }
}
