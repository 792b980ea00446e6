import FoundationEssentials

/// The parts of a URL that decide which server gets credentials.
struct RegistryURL: Sendable, Hashable, CustomStringConvertible {
    let text: String
    let scheme: String
    /// `host[:port]`, lower case, without user information.
    let authority: String
    /// Lower case, an IPv6 address without brackets.
    let host: String
    let port: Int

    /// Accepts only absolute http and https URLs without user information.
    init?(_ text: String, relativeTo base: RegistryURL? = nil) {
        let parent = base.flatMap { URL(string: $0.text) }
        guard text.utf8.count <= 16384, let url = URL(string: text, relativeTo: parent)?.absoluteURL,
            let scheme = url.scheme?.lowercased(), scheme == "https" || scheme == "http",
            let host = url.host(percentEncoded: false)?.lowercased(), !host.isEmpty, url.user == nil, url.password == nil
        else { return nil }
        self.text = url.absoluteString
        self.scheme = scheme
        let shown = host.contains(":") ? "[\(host)]" : host
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = url.port ?? (scheme == "https" ? 443 : 80)
        authority = url.port.map { "\(shown):\($0)" } ?? shown
    }

    /// Whether both URLs have one origin: equal scheme, host and port.
    func isSameOrigin(as other: RegistryURL) -> Bool {
        scheme == other.scheme && host == other.host && port == other.port
    }

    /// Without the query, which carries signatures in storage URLs.
    var description: String { String(text.prefix { $0 != "?" && $0 != "#" }) }
}
