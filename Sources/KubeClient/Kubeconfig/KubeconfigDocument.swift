/// The `v1 Config` file: the fields that a client without plugins can use, and the fields that it must refuse.
struct KubeconfigDocument: Codable, Sendable {
    struct NamedCluster: Codable, Sendable {
        var name: String
        var cluster: Cluster
    }

    struct Cluster: Codable, Sendable {
        var server: String?
        var certificateAuthority: String?
        var certificateAuthorityData: String?
        var tlsServerName: String?
        var insecureSkipTLSVerify: Bool?
        var proxyURL: String?

        enum CodingKeys: String, CodingKey {
            case server
            case certificateAuthority = "certificate-authority"
            case certificateAuthorityData = "certificate-authority-data"
            case tlsServerName = "tls-server-name"
            case insecureSkipTLSVerify = "insecure-skip-tls-verify"
            case proxyURL = "proxy-url"
        }
    }

    struct NamedUser: Codable, Sendable {
        var name: String
        var user: User
    }

    struct User: Codable, Sendable {
        /// Only the presence of this field matters.
        struct Plugin: Codable, Sendable {}

        var clientCertificate: String?
        var clientCertificateData: String?
        var clientKey: String?
        var clientKeyData: String?
        var token: String?
        var tokenFile: String?
        var username: String?
        var password: String?
        var impersonate: String?
        var exec: Plugin?
        var authProvider: Plugin?

        enum CodingKeys: String, CodingKey {
            case clientCertificate = "client-certificate"
            case clientCertificateData = "client-certificate-data"
            case clientKey = "client-key"
            case clientKeyData = "client-key-data"
            case token, tokenFile, username, password, exec
            case impersonate = "as"
            case authProvider = "auth-provider"
        }
    }

    struct NamedContext: Codable, Sendable {
        var name: String
        var context: Context
    }

    struct Context: Codable, Sendable {
        var cluster: String?
        var user: String?
        var namespace: String?
    }

    var apiVersion: String?
    var kind: String?
    var currentContext: String?
    var clusters: [NamedCluster]?
    var users: [NamedUser]?
    var contexts: [NamedContext]?

    enum CodingKeys: String, CodingKey {
        case apiVersion, kind, clusters, users, contexts
        case currentContext = "current-context"
    }
}
