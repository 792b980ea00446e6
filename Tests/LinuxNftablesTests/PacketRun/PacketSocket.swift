import Addresses
import Glibc
import LinuxSystem

/// A socket in a network namespace that never blocks.
struct PacketSocket: Sendable {
    let descriptor: OwnedFileDescriptor

    /// On a thread that is in the namespace.
    init(_ family: Int32, _ transport: TransportProtocol) throws {
        let kind =
            switch transport {
            case .tcp: SOCK_STREAM
            case .udp: SOCK_DGRAM
            case .sctp: SOCK_RAW
            }
        let flags = Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = try descriptorCall("socket", "\(transport)") { socket(family, Int32(kind.rawValue) | flags, Int32(transport.number)) }
    }

    init(_ descriptor: OwnedFileDescriptor) { self.descriptor = descriptor }

    func bind(_ address: SocketAddress) throws {
        try address.withPointer { pointer, length in
            _ = try systemCall("bind", "\(address)") { descriptor.withRawValue { Glibc.bind($0, pointer, length) } }
        }
    }

    func listen() throws { _ = try systemCall("listen") { descriptor.withRawValue { Glibc.listen($0, 128) } } }

    /// Begins to connect. Returns the error number, 0 for success.
    func connect(_ address: SocketAddress) -> Int32 {
        address.withPointer { pointer, length in descriptor.withRawValue { Glibc.connect($0, pointer, length) } < 0 ? errno : 0 }
    }

    /// `nil` when no connection waits to be accepted.
    func accept() -> PacketSocket? {
        let number = descriptor.withRawValue { Glibc.accept($0, nil, nil) }
        return number < 0 ? nil : PacketSocket(OwnedFileDescriptor(number))
    }

    func ownName() throws -> SocketAddress {
        try .read("getsockname") { address, length in descriptor.withRawValue { Int(getsockname($0, address, length)) } }
    }

    func peerName() throws -> SocketAddress {
        try .read("getpeername") { address, length in descriptor.withRawValue { Int(getpeername($0, address, length)) } }
    }

    /// Returns the error number, 0 for success.
    func send(_ bytes: [UInt8]) -> Int32 { descriptor.withRawValue { Glibc.send($0, bytes, bytes.count, Int32(MSG_NOSIGNAL)) } < 0 ? errno : 0 }

    func send(_ bytes: [UInt8], to address: SocketAddress) {
        address.withPointer { pointer, length in
            _ = descriptor.withRawValue { sendto($0, bytes, bytes.count, Int32(MSG_NOSIGNAL), pointer, length) }
        }
    }

    enum Reading {
        case bytes([UInt8])
        case error(Int32)
    }

    func receive() -> Reading {
        var bytes = [UInt8](repeating: 0, count: 2048)
        let count = descriptor.withRawValue { recv($0, &bytes, bytes.count, 0) }
        return count < 0 ? .error(errno) : .bytes(Array(bytes[..<count]))
    }

    /// As `receive`, with the sender.
    func receiveFrom() -> (bytes: [UInt8], sender: SocketAddress)? {
        var bytes = [UInt8](repeating: 0, count: 2048)
        var count = 0
        let sender = try? SocketAddress.read("recvfrom") { address, length in
            count = descriptor.withRawValue { recvfrom($0, &bytes, bytes.count, 0, address, length) }
            return count
        }
        return sender.map { (Array(bytes[..<count]), $0) }
    }

    /// The result of a connect that went on in the background.
    func pendingError() -> Int32 {
        var (value, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
        _ = descriptor.withRawValue { getsockopt($0, SOL_SOCKET, SO_ERROR, &value, &length) }
        return value
    }

    /// The connection is reset when it is closed, and leaves nothing behind.
    func resetAtEnd() {
        var value = linger(l_onoff: 1, l_linger: 0)
        _ = descriptor.withRawValue { setsockopt($0, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size)) }
    }

    /// Returns false when none of the events has happened by the deadline.
    func wait(for events: Int32, until deadline: ContinuousClock.Instant) -> Bool {
        while true {
            let left = ContinuousClock.now.duration(to: deadline)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
            let count = descriptor.withRawValue { number -> Int32 in
                var entry = pollfd(fd: number, events: Int16(events), revents: 0)
                return poll(&entry, 1, Int32(max(0, milliseconds)))
            }
            if count > 0 { return true }
            if count == 0 && milliseconds <= 0 || count < 0 && errno != EINTR { return false }
        }
    }
}
