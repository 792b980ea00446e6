/// One GET request of a probe or a lifecycle hook. Certificates are not verified.
package struct HTTPCheck: Sendable, Hashable {
    package enum Scheme: String, Sendable, Hashable {
        case http, https
    }

    package struct Header: Sendable, Hashable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    package var scheme: Scheme
    /// A name or an address, without brackets.
    package let host: String
    package let port: Int
    /// Path and query as they are sent, except that an empty path is sent as `/`.
    package let path: String
    /// The value of the header `Host`; `nil` for host and port of the URL.
    package let hostHeader: String?
    /// Every other header in the order of sending, except `Connection: close`, which always follows. A name may occur several times.
    package var headers: [Header]

    package init(scheme: Scheme, host: String, port: Int, path: String, hostHeader: String? = nil, headers: [Header]) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.path = path
        self.hostHeader = hostHeader
        self.headers = headers
    }

    /// Host and port as in a URL: an IPv6 address in brackets, and the port even if it is the scheme's own.
    package var authority: String { Self.authority(host: host, port: port) }

    package var url: String { "\(scheme.rawValue)://\(authority)\(path)" }

    package static func authority(host: String, port: Int) -> String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
