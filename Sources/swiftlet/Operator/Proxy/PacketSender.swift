import Addresses
import Glibc
import LinuxSystem

/// Sends the packet of a trace.
enum PacketSender {
    private static let patience = 1  // second

    /// Begins a connection, or sends an empty datagram. Returns what came of it.
    static func send(to frontend: Frontend) async throws -> String {
        try await BlockingPool.shared.run("send a packet") { try sendNow(to: frontend) }
    }

    private static func sendNow(to frontend: Frontend) throws(SystemError) -> String {
        let isDatagram = frontend.transport == .udp
        let type = Int32((isDatagram ? SOCK_DGRAM : SOCK_STREAM).rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = Int32(frontend.transport.number)
        let socket = try descriptorCall("socket") { Glibc.socket(frontend.address.isV6 ? AF_INET6 : AF_INET, type, number) }
        var limit = timeval(tv_sec: patience, tv_usec: 0)
        try systemCall("setsockopt") {
            socket.withRawValue { setsockopt($0, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size)) }
        }
        do throws(SystemError) {
            try systemCall("connect", "\(frontend)") { socket.withRawValue { connect($0, to: frontend) } }
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

    private static func connect(_ socket: Int32, to frontend: Frontend) -> Int32 {
        if frontend.address.isV6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = frontend.port.bigEndian
            withUnsafeMutableBytes(of: &address.sin6_addr) { $0.copyBytes(from: frontend.address.bytes) }
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = frontend.port.bigEndian
        withUnsafeMutableBytes(of: &address.sin_addr) { $0.copyBytes(from: frontend.address.bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
