import KubeModel

/// `<root>/pki`: dated files with key and certificate, and a symbolic link to the one in use.
package struct CertificateDirectory: Sendable, Hashable {
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// `kubelet-client-current.pem`, both key and certificate.
    package func currentPath(_ purpose: CertificatePurpose) -> String { "\(path)/\(purpose.filePrefix)-current.pem" }

    /// Returns the certificate in use, or nil when it is missing or cannot be read.
    package func currentInfo(_ purpose: CertificatePurpose) async -> CertificateInfo? {
        let current = currentPath(purpose)
        guard let bytes = try? await CredentialFiles.read(current, operation: "read certificate") else { return nil }
        return try? CertificateInfo(pem: String(decoding: bytes, as: UTF8.self), origin: current)
    }

    /// Writes a dated file, then moves the link: a crash in between leaves the old pair in use. Mode 0600.
    func store(_ purpose: CertificatePurpose, certificatePEM: String, privateKeyPEM: String, now: Timestamp) async throws {
        let date = now.rfc3339().replacingSeparators()
        let name = "\(purpose.filePrefix)-\(date).pem"
        let content = Array((certificatePEM.hasSuffix("\n") ? certificatePEM : certificatePEM + "\n").utf8) + Array(privateKeyPEM.utf8)
        try await CredentialFiles.makeDirectory(path)
        try await CredentialFiles.replace("\(path)/\(name)", with: content, mode: 0o600)
        try await CredentialFiles.relink(currentPath(purpose), to: name)
    }

    /// The key of a request without an answer yet. It is kept so that a restart continues the same request.
    func pendingKey(_ purpose: CertificatePurpose) async -> String? {
        guard let bytes = try? await CredentialFiles.read(pendingKeyPath(purpose), operation: "read key") else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func storePendingKey(_ purpose: CertificatePurpose, _ pem: String) async throws {
        try await CredentialFiles.makeDirectory(path)
        try await CredentialFiles.replace(pendingKeyPath(purpose), with: Array(pem.utf8), mode: 0o600)
    }

    func removePendingKey(_ purpose: CertificatePurpose) async {
        try? await CredentialFiles.remove(pendingKeyPath(purpose))
    }

    private func pendingKeyPath(_ purpose: CertificatePurpose) -> String { "\(path)/\(purpose.filePrefix).key.tmp" }
}

extension String {
    /// `2026-01-02T03:04:05Z` as `2026-01-02-03-04-05`.
    fileprivate func replacingSeparators() -> String {
        String(compactMap { $0 == "Z" ? nil : $0 == "T" || $0 == ":" ? "-" : $0 })
    }
}
