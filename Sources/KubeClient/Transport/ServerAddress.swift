/// A server URL taken apart: scheme, host, port and the path in front of every API path.
struct ServerAddress: Sendable, Hashable {
    let scheme: String
    /// Without brackets.
    let host: String
    let port: Int
    let basePath: String

    init?(_ url: String) {
        guard let prefix = ["https://", "http://"].first(where: { url.hasPrefix($0) }) else { return nil }
        scheme = String(prefix.dropLast(3))
        var rest = url.dropFirst(prefix.count)
        if let slash = rest.firstIndex(of: "/") {
            basePath = String(rest[slash...])
            rest = rest[..<slash]
        } else {
            basePath = ""
        }
        guard !rest.contains("@"), !rest.contains("?"), !rest.contains("#") else { return nil }
        var portText: Substring?
        if rest.hasPrefix("[") {
            guard let close = rest.firstIndex(of: "]") else { return nil }
            host = String(rest[rest.index(after: rest.startIndex)..<close])
            let after = rest[rest.index(after: close)...]
            if !after.isEmpty {
                guard after.hasPrefix(":") else { return nil }
                portText = after.dropFirst()
            }
        } else if let colon = rest.lastIndex(of: ":") {
            host = String(rest[..<colon])
            portText = rest[rest.index(after: colon)...]
        } else {
            host = String(rest)
        }
        guard !host.isEmpty else { return nil }
        if let portText {
            guard let number = Int(portText), (1...65535).contains(number) else { return nil }
            port = number
        } else {
            port = scheme == "https" ? 443 : 80
        }
    }

    private var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }
    /// `host:port`.
    var authority: String { "\(bracketedHost):\(port)" }

    /// The URL of an API path, under another host name when the certificate has another one.
    func url(_ path: String, hostOverride: String?) -> String {
        "\(scheme)://\(hostOverride ?? bracketedHost):\(port)\(basePath)\(path)"
    }
}
