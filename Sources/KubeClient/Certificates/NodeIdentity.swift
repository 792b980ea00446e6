import KubeModel
import Logging
import Timing

/// Where a node's proof of identity lies, and the way to a new one.
package struct NodeIdentity: Sendable {
    package let kubeconfigPath: String
    package let bootstrapPath: String?
    package let directory: CertificateDirectory
    /// `rotateCertificates`
    package let rotates: Bool
    package let purpose: CertificatePurpose

    package init(kubeconfigPath: String, bootstrapPath: String?, nodeName: String, directory: CertificateDirectory, rotates: Bool) {
        self.kubeconfigPath = kubeconfigPath
        self.bootstrapPath = bootstrapPath
        self.directory = directory
        self.rotates = rotates
        purpose = .client(nodeName: nodeName)
    }

    /// The contents of the files at the moment.
    struct Found: Sendable {
        let access: ClusterAccess
        let choice: IdentityChoice
        /// The pair of the kubeconfig, when it can be read and is not `current` itself.
        let given: CertificatePair?
        let decision: IdentityChoice.Decision
    }

    /// Returns nil without a kubeconfig. The pair in `pki` is looked at in any case.
    func look(at now: Timestamp) async throws -> Found? {
        let access: ClusterAccess
        do {
            access = try await Kubeconfig.load(kubeconfigPath)
        } catch let error as APIError where error.code == .missingFile {
            return nil
        }
        let path = directory.currentPath(purpose)
        let current = await candidate(path) { try await directory.current(purpose) }
        var given: CertificatePair?
        var kubeconfig: IdentityChoice.Candidate?
        if let certificate = access.clientCertificate, let key = access.clientKey, certificate != .file(path) {
            kubeconfig = await candidate("\(certificate)") {
                given = try await Self.pair(certificate, key, access.origin)
                return given
            }
        }
        let choice = IdentityChoice(kubeconfig: kubeconfig, current: current, user: purpose.commonName, rotates: rotates)
        return Found(access: access, choice: choice, given: given, decision: choice.decision(at: now))
    }

    /// The access of a kubeconfig with the pair in `pki` as its identity.
    func usingCurrent(_ access: ClusterAccess) -> ClusterAccess {
        var access = access
        let path = directory.currentPath(purpose)
        access.clientCertificate = .file(path)
        access.clientKey = .file(path)
        return access
    }

    private func candidate(_ place: String, _ read: () async throws -> CertificatePair?) async -> IdentityChoice.Candidate {
        do {
            guard let pair = try await read() else {
                return IdentityChoice.Candidate(place: place, info: nil, problem: "there is no such file")
            }
            return IdentityChoice.Candidate(place: place, info: pair.info)
        } catch {
            return IdentityChoice.Candidate(place: place, info: nil, problem: (error as? APIError)?.reason ?? "\(error)")
        }
    }

    private static func pair(_ certificate: CredentialSource, _ key: CredentialSource, _ origin: String) async throws -> CertificatePair {
        try CertificatePair(certificate: try await certificate.text(), key: try await key.text(), origin: "\(certificate)")
    }
}
