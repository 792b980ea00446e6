import Addresses
import KubeModel

/// The proxies for requests to registries: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` by the rules of Go's programs.
package struct RegistryProxies: Sendable, Hashable {
    private let plain: String
    private let secure: String
    private let exceptions: [ProxyException]

    /// - Parameter environment: the name in capitals counts before the name in small letters.
    package init(environment: [String: String] = [:]) {
        func value(_ name: String) -> String {
            [name, name.lowercased()].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        }
        plain = value("HTTP_PROXY")
        secure = value("HTTPS_PROXY")
        exceptions = value("NO_PROXY").split(separator: ",").compactMap { ProxyException($0.filter { !$0.isWhitespace }) }
    }

    /// Returns the proxy for a server, `nil` for a direct connection. This machine itself is never behind a proxy.
    func proxy(for url: RegistryURL) throws(ImageStoreError) -> RegistryProxy? {
        let (name, written) = url.scheme == "https" ? ("HTTPS_PROXY", secure) : ("HTTP_PROXY", plain)
        guard !written.isEmpty else { return nil }
        let address = IPAddress(url.host)
        if url.host == "localhost" || address?.isLoopback == true { return nil }
        if exceptions.contains(where: { $0.covers(host: url.host, address: address, port: url.port) }) { return nil }
        guard let proxy = RegistryProxy(written) else {
            // The value may contain a password.
            throw ImageStoreError(
                .unsupported, "find the proxy for", "\(url)",
                "\(name) of the agent's environment cannot be used, wanted http://[user:password@]host[:port] or socks5://host[:port]; "
                    + "correct it, or name the registry in NO_PROXY")
        }
        return proxy
    }
}
