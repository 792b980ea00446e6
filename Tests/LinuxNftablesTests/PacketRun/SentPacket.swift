import Addresses
import Glibc
import ServiceCases

/// A client's connection, and what comes back.
enum SentPacket {
    enum Finding: Sendable, Hashable {
        case answered(PacketReport)
        case refused
        case silence
        case failed(String)
    }

    /// On a thread that is in the client's namespace.
    /// - Parameter patience: for the first answer of the other machine's kernel.
    static func send(_ packet: ServicePacket, from port: UInt16, patience: Duration) throws -> Finding {
        let deadline = ContinuousClock.now + patience
        let socket = try PacketSocket(packet.destination.isV6 ? AF_INET6 : AF_INET, packet.transport)
        if packet.transport == .tcp { socket.resetAtEnd() }
        try socket.bind(SocketAddress(address: packet.source, port: packet.transport == .sctp ? 0 : port))
        let error = socket.connect(SocketAddress(address: packet.destination, port: packet.port))
        switch packet.transport {
        case .tcp:
            guard error == 0 || error == EINPROGRESS else { return finding(error) }
            guard socket.wait(for: POLLOUT, until: deadline) else { return .silence }
            let result = socket.pendingError()
            if result != 0 { return finding(result) }
            // The other machine's program may take longer.
            return exchange(socket, Array("?".utf8), until: deadline + .seconds(10)) { String(decoding: $0, as: UTF8.self) }
        case .udp:
            if error != 0 { return finding(error) }
            return exchange(socket, Array("?".utf8), until: deadline) { String(decoding: $0, as: UTF8.self) }
        case .sctp:
            if error != 0 { return finding(error) }
            let tag = UInt32(port)
            let chunk = SCTPChunk(kind: .initiation, sourcePort: port, destinationPort: packet.port, tag: tag)
            return exchange(socket, chunk.bytes, until: deadline) { bytes in
                // With its IPv4 header. Answers to earlier packets come here, too.
                guard let reply = SCTPChunk.read(bytes.dropFirst(20)), reply.kind == .acknowledgement, reply.verification == tag else { return nil }
                return reply.text
            }
        }
    }

    private static func exchange(
        _ socket: PacketSocket, _ question: [UInt8], until deadline: ContinuousClock.Instant, _ read: ([UInt8]) -> String?
    ) -> Finding {
        let error = socket.send(question)
        // A packet that a rule of its own machine stops fails in the send; whether it was refused comes as a second error.
        if error != 0 && error != EPERM { return finding(error) }
        while socket.wait(for: POLLIN, until: deadline) {
            switch socket.receive() {
            case .error(EAGAIN): continue
            case .error(let error): return finding(error)
            case .bytes(let bytes):
                guard let text = read(bytes) else { continue }
                return PacketReport(text).map { .answered($0) } ?? .failed("an answer that is none: \(text)")
            }
        }
        return .silence
    }

    private static func finding(_ error: Int32) -> Finding {
        error == ECONNREFUSED ? .refused : .failed("errno \(error)")
    }
}
