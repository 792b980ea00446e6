import FoundationEssentials
import YAML

/// Reads and writes kubeconfig files.
package enum Kubeconfig {
    private static let operation = "read kubeconfig"

    /// Loads the file and resolves its current context, or the one named.
    package static func load(_ path: String, context: String? = nil) async throws -> ClusterAccess {
        let hint = "; write one for this node there, or name another with --kubeconfig"
        let bytes = try await CredentialFiles.read(path, operation: operation, hint: hint)
        return try parse(String(decoding: bytes, as: UTF8.self), path: path, context: context)
    }

    /// `path` is the file the text came from: relative paths in it start at its directory.
    package static func parse(_ text: String, path: String, context wantedContext: String? = nil) throws -> ClusterAccess {
        let document: KubeconfigDocument
        do {
            document = try KubeconfigDocument(try YAMLDocuments.readOne(text))
        } catch {
            throw APIError(.badConfiguration, operation: operation, object: path, reason: "it is not a kubeconfig in YAML or JSON: \(error)")
        }
        if let kind = document.kind, kind != "Config" {
            throw failure(path, "found kind \(kind), wanted Config")
        }
        let contexts = document.contexts
        guard let contextName = wantedContext ?? document.currentContext, !contextName.isEmpty else {
            throw failure(path, "current-context is not set; set it to one of: \(list(contexts.map(\.name)))")
        }
        guard let context = contexts.first(where: { $0.name == contextName })?.context else {
            throw failure(path, "there is no context '\(contextName)'; found: \(list(contexts.map(\.name)))")
        }
        let clusters = document.clusters
        guard let clusterName = context.cluster, let cluster = clusters.first(where: { $0.name == clusterName })?.cluster else {
            throw failure(path, "context '\(contextName)' wants cluster '\(context.cluster ?? "")'; found: \(list(clusters.map(\.name)))")
        }
        var user = KubeconfigDocument.User()
        if let userName = context.user, !userName.isEmpty {
            let users = document.users
            guard let found = users.first(where: { $0.name == userName })?.user else {
                throw failure(path, "context '\(contextName)' wants user '\(userName)'; found: \(list(users.map(\.name)))")
            }
            user = found
        }
        try refuseUnsupported(cluster, user, path)
        return try resolve(cluster, user, context, path)
    }

    private static func refuseUnsupported(_ cluster: KubeconfigDocument.Cluster, _ user: KubeconfigDocument.User, _ path: String) throws {
        let wishes: [(isSet: Bool, field: String, instead: String)] = [
            (!(cluster.proxyURL ?? "").isEmpty, "proxy-url", "reach the API server directly"),
            (user.hasAuthProvider, "auth-provider", "use a client certificate or tokenFile"),
            (!(user.username ?? "").isEmpty || !(user.password ?? "").isEmpty, "username and password", "use a client certificate or tokenFile"),
            (!(user.impersonate ?? "").isEmpty, "as", "use the credentials of the node itself"),
        ]
        for wish in wishes where wish.isSet {
            throw APIError(
                .unsupportedConfiguration, operation: operation, object: path, reason: "found \(wish.field), which is not supported; \(wish.instead)")
        }
    }

    private static func resolve(
        _ cluster: KubeconfigDocument.Cluster, _ user: KubeconfigDocument.User, _ context: KubeconfigDocument.Context, _ path: String
    ) throws -> ClusterAccess {
        var server = cluster.server ?? ""
        while server.hasSuffix("/") { server.removeLast() }
        guard server.hasPrefix("https://") || server.hasPrefix("http://"), server.count > 8 else {
            throw failure(path, "found server '\(cluster.server ?? "")', wanted a URL such as https://10.0.0.1:6443")
        }
        let skipsVerification = cluster.insecureSkipTLSVerify ?? false
        let authority = try source(
            cluster.certificateAuthorityData, cluster.certificateAuthority, field: "certificate-authority-data", path: path)
        if skipsVerification, authority != nil {
            throw failure(path, "found both insecure-skip-tls-verify and a certificate authority; remove insecure-skip-tls-verify")
        }
        let certificate = try source(user.clientCertificateData, user.clientCertificate, field: "client-certificate-data", path: path)
        let key = try source(user.clientKeyData, user.clientKey, field: "client-key-data", path: path)
        if (certificate == nil) != (key == nil) {
            let (found, missing) = key == nil ? ("client-certificate", "client-key") : ("client-key", "client-certificate")
            throw failure(path, "found \(found) without \(missing); give both or neither")
        }
        var token: CredentialSource?
        // A file wins over a literal token, because it can be renewed.
        if let file = user.tokenFile, !file.isEmpty {
            token = .file(absolute(file, besides: path))
        } else if let literal = user.token, !literal.isEmpty {
            token = .inline(Array(literal.utf8), origin: "token in \(path)")
        }
        return ClusterAccess(
            server: server, certificateAuthority: authority, tlsServerName: cluster.tlsServerName.flatMap { $0.isEmpty ? nil : $0 },
            skipsServerVerification: skipsVerification, clientCertificate: certificate, clientKey: key, token: token,
            plugin: certificate == nil && token == nil ? try user.exec.map { try plugin($0, path) } : nil, namespace: context.namespace, origin: path)
    }

    private static func plugin(_ exec: KubeconfigDocument.Exec, _ path: String) throws -> CredentialPlugin {
        guard let command = exec.command, !command.isEmpty else { throw failure(path, "exec has no command") }
        let versions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"]
        guard let version = exec.apiVersion, versions.contains(version) else {
            throw failure(path, "exec.apiVersion: found '\(exec.apiVersion ?? "")', wanted \(versions.joined(separator: " or "))")
        }
        switch exec.interactiveMode ?? "" {
        case "Never", "IfAvailable": break
        case "Always": throw failure(path, "exec.interactiveMode: found Always, but a node agent has no terminal; wanted Never or IfAvailable")
        case "" where version == versions[1]: break
        default: throw failure(path, "exec.interactiveMode: found '\(exec.interactiveMode ?? "")', wanted Never or IfAvailable")
        }
        return CredentialPlugin(
            command: command, arguments: exec.arguments, environment: Dictionary(exec.environment.map { ($0.name, $0.value) }) { $1 },
            apiVersion: version, providesClusterInfo: exec.providesClusterInfo ?? false, installHint: exec.installHint ?? "")
    }

    private static func source(_ data: String?, _ file: String?, field: String, path: String) throws -> CredentialSource? {
        if let data, !data.isEmpty {
            let compact = data.filter { !$0.isWhitespace }
            guard let bytes = Data(base64Encoded: compact) else { throw failure(path, "\(field) is not base64; encode the PEM file with base64 -w0") }
            return .inline(Array(bytes), origin: "\(field) in \(path)")
        }
        if let file, !file.isEmpty { return .file(absolute(file, besides: path)) }
        return nil
    }

    private static func absolute(_ file: String, besides path: String) -> String {
        if file.hasPrefix("/") { return file }
        guard let slash = path.lastIndex(of: "/") else { return file }
        return String(path[...slash]) + file
    }

    private static func failure(_ path: String, _ reason: String) -> APIError {
        APIError(.badConfiguration, operation: operation, object: path, reason: reason)
    }

    private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
