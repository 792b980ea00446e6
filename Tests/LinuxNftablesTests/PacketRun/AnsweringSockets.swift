import Addresses
import Glibc
import LinuxSystem

/// Sockets of all machines, at every port that packets may arrive at. An answer is what the machine has seen: its own address and port, and the
/// client's address.
final class AnsweringSockets: Sendable {
    private struct Listener: Sendable {
        let transport: TransportProtocol
        let socket: PacketSocket
        /// Of a socket for SCTP or UDP.
        let address: IPAddress?
    }

    /// The thread ends when this end is shut down, and closes the other one.
    private let control: OwnedFileDescriptor

    init(_ network: PacketNetwork) throws {
        var listeners: [Listener] = []
        for (place, machine) in network.machines { listeners += try Self.listeners(of: place, machine, network.addresses) }
        var ends: [Int32] = [-1, -1]
        try systemCall("socketpair") { socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) }
        control = OwnedFileDescriptor(ends[0])
        let other = OwnedFileDescriptor(ends[1])
        try DedicatedThread.start(name: "answers") { [listeners] in
            Self.answer(listeners, until: other)
            other.close()
        }
    }

    deinit {
        // The sockets keep their namespaces alive: wait until they are closed.
        control.withRawValue { number in
            shutdown(number, Int32(SHUT_WR))
            var byte: UInt8 = 0
            _ = recv(number, &byte, 1, 0)
        }
    }

    private static func listeners(of place: PacketPlace, _ machine: TestNamespace, _ addresses: PacketAddresses) throws -> [Listener] {
        try machine.namespace.withThreadBlocking {
            let streams = try addresses.tcpPorts.map { port in
                let socket = try PacketSocket(AF_INET6, .tcp)
                try socket.bind(SocketAddress(address: IPAddress.Family.v6.unspecified, port: port))
                try socket.listen()
                return Listener(transport: .tcp, socket: socket, address: nil)
            }
            let datagrams = try addresses.udpTargets.filter { addresses.place(of: $0.address) == place }.map { target in
                let socket = try PacketSocket(target.address.isV6 ? AF_INET6 : AF_INET, .udp)
                try socket.bind(target)
                return Listener(transport: .udp, socket: socket, address: target.address)
            }
            let chunks = try addresses.sctpAddresses.filter { addresses.place(of: $0) == place }.map { address in
                let socket = try PacketSocket(AF_INET, .sctp)
                try socket.bind(SocketAddress(address: address, port: 0))
                return Listener(transport: .sctp, socket: socket, address: address)
            }
            return streams + datagrams + chunks
        }
    }

    private static func answer(_ listeners: [Listener], until control: OwnedFileDescriptor) {
        var polled = ([control] + listeners.map(\.socket.descriptor)).map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
        while true {
            let count = poll(&polled, nfds_t(polled.count), -1)
            if count < 0 && errno != EINTR || polled[0].revents != 0 { break }
            for (listener, entry) in zip(listeners, polled.dropFirst()) where entry.revents != 0 { answer(listener) }
        }
        extendLifetime(listeners)
    }

    private static func answer(_ listener: Listener) {
        switch listener.transport {
        case .tcp:
            guard let connection = listener.socket.accept(), let own = try? connection.ownName(), let peer = try? connection.peerName(),
                connection.wait(for: POLLIN, until: .now + .seconds(1)), case .bytes(let question) = connection.receive(), !question.isEmpty
            else { return }
            _ = connection.send(Array(PacketReport(target: own, source: peer.address).text.utf8))
        case .udp:
            guard let (_, sender) = listener.socket.receiveFrom(), let own = try? listener.socket.ownName() else { return }
            listener.socket.send(Array(PacketReport(target: own, source: sender.address).text.utf8), to: sender)
        case .sctp:
            // With its IPv4 header.
            guard let (bytes, sender) = listener.socket.receiveFrom(), let address = listener.address,
                let chunk = SCTPChunk.read(bytes.dropFirst(20)), chunk.kind == .initiation
            else { return }
            let report = PacketReport(target: SocketAddress(address: address, port: chunk.destinationPort), source: sender.address)
            let reply = SCTPChunk(
                kind: .acknowledgement, sourcePort: chunk.destinationPort, destinationPort: chunk.sourcePort, tag: 1, verification: chunk.tag,
                text: report.text)
            listener.socket.send(reply.bytes, to: sender)
        }
    }
}
