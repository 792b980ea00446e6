/// The access to registries: mirrors, certificate authorities, registries without TLS, proxies, and the node's credentials.
///
/// A registry without an entry is reached by https with the system's authorities, on a loopback host by http.
package struct RegistryConfiguration: Sendable, Hashable {
    package struct Host: Sendable, Hashable {
        /// Mirrors, `https://host[:port][/prefix]`, tried in this order before the registry itself.
        package var endpoints: [String]
        /// Allows http, and https with any certificate, for this registry and its endpoints.
        package var insecure: Bool
        /// A PEM file of certificate authorities that are trusted besides the system's.
        package var caFile: String?

        package init(endpoints: [String] = [], insecure: Bool = false, caFile: String? = nil) {
            self.endpoints = endpoints
            self.insecure = insecure
            self.caFile = caFile
        }
    }

    /// By `host[:port]` as image references name the registry.
    package var hosts: [String: Host]
    package var proxies: RegistryProxies
    /// Tried after the credentials of the pod.
    package var credentials: NodeCredentials

    package init(hosts: [String: Host] = [:], proxies: RegistryProxies = RegistryProxies(), credentials: NodeCredentials = NodeCredentials()) {
        self.hosts = hosts
        self.proxies = proxies
        self.credentials = credentials
    }
}
