import HummingbirdCore

/// The address that a server listens on.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An address or name, and a port; port 0 lets the kernel choose.
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
        case .tcp(let host, let port): .hostname(host, port: port)
        case .unix(let path): .unixDomainSocket(path: path)
        }
    }
}
