import FoundationEssentials
import KubeModel

extension Kubeconfig {
    /// Writes a kubeconfig for the server of `access`, with client certificate and key in `certificateFile`. Mode 0600.
    package static func write(_ path: String, reaching access: ClusterAccess, certificateFile: String) async throws {
        let lines =
            [
                "apiVersion: v1", "kind: Config", "current-context: default-context", "clusters:", "- name: default-cluster", "  cluster:",
                field("server", access.server),
            ] + optionalFields(access) + [
                "users:", "- name: default-auth", "  user:", field("client-certificate", certificateFile), field("client-key", certificateFile),
                "contexts:", "- name: default-context", "  context:", field("cluster", "default-cluster"), field("user", "default-auth"),
                field("namespace", "default"),
            ]
        let text = lines.map { $0 + "\n" }.joined()
        try await CredentialFiles.replace(path, with: Array(text.utf8), mode: 0o600)
    }

    private static func optionalFields(_ access: ClusterAccess) -> [String] {
        var lines: [String] = []
        switch access.certificateAuthority {
        case .inline(let bytes, _): lines.append(field("certificate-authority-data", Data(bytes).base64EncodedString()))
        case .file(let file): lines.append(field("certificate-authority", file))
        case nil: break
        }
        if let name = access.tlsServerName { lines.append(field("tls-server-name", name)) }
        if access.skipsServerVerification { lines.append("    insecure-skip-tls-verify: true") }
        return lines
    }

    /// A member of a mapping of the third level. A JSON string is also a quoted text of YAML.
    private static func field(_ name: String, _ value: String) -> String { "    \(name): \(JSONValue.string(value))" }
}
