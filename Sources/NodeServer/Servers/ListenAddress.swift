import Glibc
import HummingbirdCore

/// The address that a server listens on.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An address or name, and a port; port 0 lets the kernel choose. `0.0.0.0` stands for all addresses of both families, as in Go and so in kubelet's
    /// configuration.
    case tcp(host: String, port: Int)
    case unix(path: String)

    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): path
        }
    }

    var bindAddress: BindAddress {
        switch self {
        // A socket of IPv6 at every address takes connections over IPv4, too: NIO turns IPV6_V6ONLY off.
        case .tcp("0.0.0.0", let port) where Self.resolvesIPv6: .hostname("::", port: port)
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    }

    /// As NIO is going to ask: where no interface but the loopback has an address of IPv6, glibc does not resolve `::`.
    static var resolvesIPv6: Bool {
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo("::", nil, nil, &list) == 0 else { return false }
        freeaddrinfo(list)
        return true
    }
}
