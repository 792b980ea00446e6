import Addresses
import Glibc
import LinuxNetlink
import LinuxSystem
import Testing

/// A socket of a program in a network namespace. Waits of at most 20 s.
struct Peer {
    private let socket: OwnedFileDescriptor

    static func listen(in namespace: Namespace, _ port: UInt16) throws -> Peer {
        let peer = try make(namespace, AF_INET6, SOCK_STREAM)
        try peer.bind("::", port)
        _ = try systemCall("listen") { peer.socket.withRawValue { Glibc.listen($0, 16) } }
        return peer
    }

    /// The address of the next one that has connected.
    func nextClient() throws -> String {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let connection = try descriptorCall("accept") {
            socket.withRawValue { descriptor in
                withUnsafeMutablePointer(to: &storage) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { accept(descriptor, $0, &length) }
                }
            }
        }
        withExtendedLifetime(connection) {}
        let bytes = withUnsafeBytes(of: storage) { Array($0[8..<24]) }
        // The listener is an IPv6 socket: IPv4 addresses come mapped.
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11].allSatisfy { $0 == 0xff }
        return try #require(IPAddress(bytes: isMapped ? bytes[12...] : bytes[...])).description
    }

    static func connect(from namespace: Namespace, source: String? = nil, to target: String, _ port: UInt16) throws {
        let peer = try make(namespace, target.contains(":") ? AF_INET6 : AF_INET, SOCK_STREAM)
        if let source { try peer.bind(source, 0) }
        try withAddress(target, port) { address, length in
            _ = try systemCall("connect", "\(target):\(port)") { peer.socket.withRawValue { Glibc.connect($0, address, length) } }
        }
    }

    static func datagrams(in namespace: Namespace, _ port: UInt16 = 0) throws -> Peer {
        let peer = try make(namespace, AF_INET, SOCK_DGRAM)
        try peer.bind("0.0.0.0", port)
        return peer
    }

    func send(_ text: String, to target: String, _ port: UInt16) throws {
        let bytes = Array(text.utf8)
        try Self.withAddress(target, port) { address, length in
            _ = try systemCall("sendto", target) { socket.withRawValue { sendto($0, bytes, bytes.count, 0, address, length) } }
        }
    }

    func receive() throws -> String {
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = try systemCall("recv") { socket.withRawValue { recv($0, &bytes, bytes.count, 0) } }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private static func make(_ namespace: Namespace, _ family: Int32, _ kind: __socket_type) throws -> Peer {
        try namespace.withThreadBlocking {
            let made = try descriptorCall("socket") { Glibc.socket(family, Int32(kind.rawValue), 0) }
            for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
                var limit = timeval(tv_sec: 20, tv_usec: 0)
                _ = try systemCall("setsockopt") {
                    made.withRawValue { setsockopt($0, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size)) }
                }
            }
            return Peer(socket: made)
        }
    }

    private func bind(_ address: String, _ port: UInt16) throws {
        try Self.withAddress(address, port) { pointer, length in
            _ = try systemCall("bind", address) { socket.withRawValue { Glibc.bind($0, pointer, length) } }
        }
    }

    private static func withAddress(_ text: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Void) throws {
        try Echo.withAddress(text, port, body)
    }
}

/// A command in a network namespace.
enum Shell {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a command and returns both its outputs. Throws when the command fails.
    static func run(_ command: String, in namespace: Namespace) throws -> String {
        let path = "/proc/\(getpid())/fd/\(namespace.descriptor.rawValue)"
        guard let pipe = popen("nsenter --net=\(path) \(command) 2>&1", "r") else {
            throw Failure(description: "\(command): popen: errno \(errno)")
        }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { bytes += buffer[..<count] }
        let status = pclose(pipe)
        let output = String(decoding: bytes, as: UTF8.self)
        guard status == 0 else { throw Failure(description: "\(command): wait status \(status): \(output)") }
        return output
    }
}
