/// The `v1 Config` file: the fields that a client without plugins can use, and the fields that it must refuse.
struct KubeconfigDocument: Sendable {
    struct NamedCluster: Sendable {
        var name: String
        var cluster: Cluster
    }

    struct Cluster: Sendable {
        var server: String?
        var certificateAuthority: String?
        var certificateAuthorityData: String?
        var tlsServerName: String?
        var insecureSkipTLSVerify: Bool?
        var proxyURL: String?
    }

    struct NamedUser: Sendable {
        var name: String
        var user: User
    }

    struct User: Sendable {
        var clientCertificate: String?
        var clientCertificateData: String?
        var clientKey: String?
        var clientKeyData: String?
        var token: String?
        var tokenFile: String?
        var username: String?
        var password: String?
        var impersonate: String?
        var exec: Exec?
        /// Only its presence matters.
        var hasAuthProvider = false
    }

    struct Exec: Sendable {
        var command: String?
        var arguments: [String]
        var environment: [(name: String, value: String)]
        var apiVersion: String?
        var interactiveMode: String?
        var providesClusterInfo: Bool?
        var installHint: String?
    }

    struct NamedContext: Sendable {
        var name: String
        var context: Context
    }

    struct Context: Sendable {
        var cluster: String?
        var user: String?
        var namespace: String?
    }

    var kind: String?
    var currentContext: String?
    var clusters: [NamedCluster] = []
    var users: [NamedUser] = []
    var contexts: [NamedContext] = []
}
