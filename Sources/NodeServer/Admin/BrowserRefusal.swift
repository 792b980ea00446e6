import HTTPTypes

/// Keeps web pages of others away from the operators' socket, which a browser reaches when an operator forwards a port to it. Any page in that
/// browser may then send requests to the port, also under a name of its own that it lets point at this machine.
enum BrowserRefusal {
    /// - Parameters:
    ///   - host: of the `Host` header; programs that know the socket's path send none, or `localhost`.
    ///   - origin: of the `Origin` header, which browsers send with every request that could change something and with every WebSocket. The node
    ///     page sends only GET requests to where it came from, which have none.
    /// - Returns: `nil` for a request that may be answered.
    static func refusal(host: String?, origin: String?) -> Refusal? {
        if let origin { return Refusal(.forbidden, "a request of the web page \(origin) is not answered here\n") }
        guard let host, !isLocal(host) else { return nil }
        return Refusal(.forbidden, "found the host \(host), wanted localhost, swiftlet, 127.0.0.1 or [::1]\n")
    }

    /// Names that no stranger can own. A word without a dot may be a machine of the local network.
    private static func isLocal(_ host: String) -> Bool {
        if host.hasPrefix("[") { return host == "[::1]" || host.hasPrefix("[::1]:") }
        return ["", "localhost", "127.0.0.1", "swiftlet"].contains(host.prefix { $0 != ":" })
    }
}
