import Glibc
import NIOCore

/// Addresses of a name, from the system's resolver.
package enum HostLookup {
    @Sendable static func addresses(of name: String, port: Int) -> [SocketAddress] {
        addresses(of: name).compactMap { try? SocketAddress(ipAddress: $0, port: port) }
    }

    /// Returns all addresses, best first; none for an unknown name. Blocks while the resolver asks its servers.
    package static func addresses(of name: String) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next?.pointee {
            if let address = address(of: entry) { found.append(address) }
            next = entry.ai_next
        }
        return found
    }

    private static func address(of entry: addrinfo) -> String? {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        guard getnameinfo(entry.ai_addr, entry.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
