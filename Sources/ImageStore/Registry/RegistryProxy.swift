import FoundationEssentials

/// A proxy server.
struct RegistryProxy: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        case http
        case socks
    }

    let kind: Kind
    let host: String
    let port: Int
    /// User name and password, for an HTTP proxy.
    let login: Login?

    struct Login: Sendable, Hashable {
        let username: String
        let password: String
    }

    /// Reads `http://user:password@host:port`, `socks5://host:port`, or `host:port` for HTTP. Others, like a proxy behind TLS, are `nil`.
    init?(_ text: String) {
        let whole = text.contains("://") ? text : "http://" + text
        guard let url = URL(string: whole), let host = url.host(percentEncoded: false), !host.isEmpty else { return nil }
        switch url.scheme?.lowercased() {
        case "http": (kind, port) = (.http, url.port ?? 80)
        case "socks5", "socks5h": (kind, port) = (.socks, url.port ?? 1080)
        default: return nil
        }
        self.host = host
        let username = url.user(percentEncoded: false) ?? ""
        login = username.isEmpty ? nil : Login(username: username, password: url.password(percentEncoded: false) ?? "")
        // The client knows no login to a SOCKS server.
        if kind == .socks, login != nil { return nil }
    }
}
