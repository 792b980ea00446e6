/// How to reach one API server as one user: a kubeconfig's chosen context with relative paths resolved.
package struct ClusterAccess: Sendable, Hashable {
    /// `https://host:port`, without a slash at the end.
    package var server: String
    /// Signs the server's certificate; nil means the machine's own trust store.
    package var certificateAuthority: CredentialSource?
    /// The name that the server's certificate must have when it is not the one in `server`.
    package var tlsServerName: String?
    package var skipsServerVerification: Bool
    package var clientCertificate: CredentialSource?
    package var clientKey: CredentialSource?
    /// A bearer token.
    package var token: CredentialSource?
    /// Gives token or certificate, or both, when there is none of them above.
    package var plugin: CredentialPlugin?
    /// The namespace of the context, when it names one.
    package var namespace: String?
    /// The file this came from, for messages.
    package var origin: String

    package init(
        server: String, certificateAuthority: CredentialSource? = nil, tlsServerName: String? = nil, skipsServerVerification: Bool = false,
        clientCertificate: CredentialSource? = nil, clientKey: CredentialSource? = nil, token: CredentialSource? = nil,
        plugin: CredentialPlugin? = nil,
        namespace: String? = nil, origin: String
    ) {
        self.server = server
        self.certificateAuthority = certificateAuthority
        self.tlsServerName = tlsServerName
        self.skipsServerVerification = skipsServerVerification
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.token = token
        self.plugin = plugin
        self.namespace = namespace
        self.origin = origin
    }
}
