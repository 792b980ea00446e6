import KubeModel

/// A kubeconfig with everything inside.
enum Kubeconfig {
    static func text(server: String, authorityPEM: String, user: String, credential: CertificateAuthority.Credential) -> String {
        func data(_ text: String) -> String { Base64.encode(Array(text.utf8)) }
        return """
            apiVersion: v1
            kind: Config
            clusters:
            - name: swiftlet-devcluster
              cluster:
                server: \(server)
                certificate-authority-data: \(data(authorityPEM))
            users:
            - name: \(user)
              user:
                client-certificate-data: \(data(credential.certificatePEM))
                client-key-data: \(data(credential.keyPEM))
            contexts:
            - name: default
              context:
                cluster: swiftlet-devcluster
                user: \(user)
            current-context: default

            """
    }
}
