import KubeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// `<root>/pki`: dated files with key and certificate, and a symbolic link to the one in use.
package struct CertificateDirectory: Sendable, Hashable {
    package let path: String
    private var files: BlockingFiles { BlockingFiles() }

    package init(_ path: String) {
        self.path = path
    }

    package static func == (lhs: CertificateDirectory, rhs: CertificateDirectory) -> Bool { lhs.path == rhs.path }
    package func hash(into hasher: inout Hasher) { hasher.combine(path) }

    /// `kubelet-client-current.pem`, both key and certificate.
    package func currentPath(_ purpose: CertificatePurpose) -> String { "\(path)/\(purpose.filePrefix)-current.pem" }

    /// The certificate in use; nil when there is none or it cannot be read.
    package func currentInfo(_ purpose: CertificatePurpose) async -> CertificateInfo? {
        let current = currentPath(purpose)
        guard let bytes = try? await files.read(current, operation: "read certificate") else { return nil }
        return try? CertificateInfo(pem: String(decoding: bytes, as: UTF8.self), origin: current)
    }

    /// Writes a dated file, then moves the link: a crash in between leaves the old pair in use. Mode 0600.
    func store(_ purpose: CertificatePurpose, certificatePEM: String, privateKeyPEM: String, now: Timestamp) async throws {
        let date = now.rfc3339().replacingSeparators()
        let name = "\(purpose.filePrefix)-\(date).pem"
        let content = Array((certificatePEM.hasSuffix("\n") ? certificatePEM : certificatePEM + "\n").utf8) + Array(privateKeyPEM.utf8)
        let (directory, current) = (path, currentPath(purpose))
        try await files.run {
            try BlockingFiles.makeDirectoryNow(directory, mode: 0o700)
            try BlockingFiles.replaceNow("\(directory)/\(name)", with: content, mode: 0o600)
            try BlockingFiles.relinkNow(current, to: name)
        }
    }

    /// The key of a request that is still waiting; kept so that a restart continues the same request.
    func pendingKey(_ purpose: CertificatePurpose) async -> String? {
        guard let bytes = try? await files.read(pendingKeyPath(purpose), operation: "read key") else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    func storePendingKey(_ purpose: CertificatePurpose, _ pem: String) async throws {
        let (directory, file) = (path, pendingKeyPath(purpose))
        try await files.run {
            try BlockingFiles.makeDirectoryNow(directory, mode: 0o700)
            try BlockingFiles.replaceNow(file, with: Array(pem.utf8), mode: 0o600)
        }
    }

    func removePendingKey(_ purpose: CertificatePurpose) async {
        let file = pendingKeyPath(purpose)
        _ = try? await files.run { unlink(file) }
    }

    private func pendingKeyPath(_ purpose: CertificatePurpose) -> String { "\(path)/\(purpose.filePrefix).key.tmp" }
}

extension String {
    /// `2026-01-02T03:04:05Z` as `2026-01-02-03-04-05`.
    fileprivate func replacingSeparators() -> String {
        String(compactMap { $0 == "Z" ? nil : $0 == "T" || $0 == ":" ? "-" : $0 })
    }
}
