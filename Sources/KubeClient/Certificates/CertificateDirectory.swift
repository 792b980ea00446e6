import Glibc
package import KubeModel
import LinuxSystem

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

    /// Returns the pair in use; nil when there is none, or when the link leads nowhere. Throws when it is there and cannot be used.
    package func current(_ purpose: CertificatePurpose) async throws -> CertificatePair? {
        let current = currentPath(purpose)
        do {
            let text = String(decoding: try await CredentialFiles.read(current, operation: "read certificate"), as: UTF8.self)
            return try CertificatePair(certificate: text, key: text, origin: current)
        } catch let error as APIError where error.code == .missingFile {
            return nil
        }
    }

    /// Writes a dated file, then moves the link: a crash in between leaves the old pair in use. Mode 0600. Overwrites no pair: a second pair of
    /// one second gets a number, and a plain file in the place of the link stays under a dated name.
    package func store(_ purpose: CertificatePurpose, certificatePEM: String, privateKeyPEM: String, now: Timestamp) async throws {
        let stem = "\(purpose.filePrefix)-\(now.rfc3339().replacingSeparators())"
        let content = Array((certificatePEM.hasSuffix("\n") ? certificatePEM : certificatePEM + "\n").utf8) + Array(privateKeyPEM.utf8)
        let (folder, current) = (path, currentPath(purpose))
        try await CredentialFiles.makeDirectory(folder)
        try await CredentialFiles.write("write", "\(folder)/\(stem).pem") { () throws(SystemError) in
            if let status = try? FileStatus(of: current), status.kind == .file {
                let kept = Self.freeName(stem, in: folder)
                try systemCall("link", kept) { link(current, "\(folder)/\(kept)") }
            }
            let name = Self.freeName(stem, in: folder)
            try AtomicFile.replace("\(folder)/\(name)", with: content, mode: 0o600, durability: .synced)
            try AtomicFile.relink(current, to: name)
            try AtomicFile.syncFolder(folder)
        }
    }

    /// Takes the rights of others from the pair in use: it holds a private key. Returns whether others had some.
    package func protect(_ purpose: CertificatePurpose) async throws -> Bool {
        let current = currentPath(purpose)
        return try await BlockingPool.shared.run("protect certificate") {
            guard let status = try? FileStatus(of: current, follow: true), status.kind == .file, status.mode & 0o077 != 0 else { return false }
            try systemCall("chmod", current) { chmod(current, status.mode & 0o700) }
            return true
        }
    }

    private static func freeName(_ stem: String, in folder: String) -> String {
        var name = "\(stem).pem"
        var number = 1
        while (try? FileStatus(of: "\(folder)/\(name)")) != nil {
            name = "\(stem)-\(number).pem"
            number += 1
        }
        return name
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
