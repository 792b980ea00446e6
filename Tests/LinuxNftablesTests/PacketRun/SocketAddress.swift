import Addresses
import Glibc
import LinuxSystem

/// An address and a port, as socket calls take them.
struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    let address: IPAddress
    let port: UInt16

    var description: String { "\(address):\(port)" }

    func withPointer<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> R) rethrows -> R {
        var storage = sockaddr_storage()
        let bytes = address.bytes
        let length = withUnsafeMutableBytes(of: &storage) { raw -> Int in
            raw.storeBytes(of: UInt16(address.isV6 ? AF_INET6 : AF_INET), as: UInt16.self)
            raw.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            raw.baseAddress!.advanced(by: address.isV6 ? 8 : 4).copyMemory(from: bytes, byteCount: bytes.count)
            return address.isV6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        }
        return try withUnsafePointer(to: &storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(length)) }
        }
    }

    /// The address that a socket call gives back, an IPv4 address also in its IPv6 form.
    static func read(_ call: String, _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int) throws -> SocketAddress {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        try systemCall(call) {
            withUnsafeMutablePointer(to: &storage) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
            }
        }
        let bytes = withUnsafeBytes(of: storage) { Array($0) }
        let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        if Int32(storage.ss_family) == AF_INET { return SocketAddress(address: IPAddress(bytes: bytes[4..<8])!, port: port) }
        let address = bytes[8..<24]
        let isMapped = address.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        return SocketAddress(address: IPAddress(bytes: isMapped ? address.suffix(4) : address)!, port: port)
    }
}
