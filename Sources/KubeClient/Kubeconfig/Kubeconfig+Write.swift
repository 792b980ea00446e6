import FoundationEssentials
import Yams

extension Kubeconfig {
    /// Writes a kubeconfig for the server of `access`, with client certificate and key in `certificateFile`. Mode 0600.
    package static func write(_ path: String, reaching access: ClusterAccess, certificateFile: String) async throws {
        var cluster = KubeconfigDocument.Cluster(server: access.server, tlsServerName: access.tlsServerName)
        if access.skipsServerVerification { cluster.insecureSkipTLSVerify = true }
        switch access.certificateAuthority {
        case .inline(let bytes, _): cluster.certificateAuthorityData = Data(bytes).base64EncodedString()
        case .file(let file): cluster.certificateAuthority = file
        case nil: break
        }
        let user = KubeconfigDocument.User(clientCertificate: certificateFile, clientKey: certificateFile)
        let document = KubeconfigDocument(
            apiVersion: "v1", kind: "Config", currentContext: "default-context",
            clusters: [.init(name: "default-cluster", cluster: cluster)],
            users: [.init(name: "default-auth", user: user)],
            contexts: [.init(name: "default-context", context: .init(cluster: "default-cluster", user: "default-auth", namespace: "default"))])
        let text: String
        do {
            text = try YAMLEncoder().encode(document)
        } catch {
            throw APIError(.badConfiguration, operation: "write kubeconfig", object: path, reason: "it cannot be encoded", cause: "\(error)")
        }
        try await CredentialFiles.replace(path, with: Array(text.utf8), mode: 0o600)
    }
}
