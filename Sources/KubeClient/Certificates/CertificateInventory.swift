package import KubeModel

/// Reads the certificates that a node uses, from the files that the agent would use. It needs no agent and no API server.
package struct CertificateInventory: Sendable {
    private let identity: NodeIdentity
    private let serving: String
    private let isServingRenewed: Bool
    private let clientCA: String?

    /// - Parameters:
    ///   - serving: the file of the HTTPS endpoint's certificate.
    ///   - clientCA: `clientCAFile`
    package init(_ identity: NodeIdentity, serving: String, isServingRenewed: Bool, clientCA: String?) {
        self.identity = identity
        self.serving = serving
        self.isServingRenewed = isServingRenewed
        self.clientCA = clientCA
    }

    package func read(at now: Timestamp) async -> [CertificateReport] {
        var reports: [CertificateReport] = []
        do {
            if let found = try await identity.look(at: now) {
                reports += clients(found)
                if let authority = found.access.certificateAuthority { reports += await authorities("API server CA", authority) }
            } else {
                reports.append(CertificateReport(role: "client", place: identity.kubeconfigPath, info: nil, problem: "there is no such file"))
            }
        } catch {
            reports.append(CertificateReport(role: "client", place: identity.kubeconfigPath, info: nil, problem: Self.reason(error)))
        }
        do {
            let info = try CertificateInfo(pem: try await CredentialSource.file(serving).text(), origin: serving)
            reports.append(CertificateReport(role: "serving", place: serving, isRenewed: isServingRenewed, info: info))
        } catch {
            reports.append(
                CertificateReport(role: "serving", place: serving, isRenewed: isServingRenewed, info: nil, problem: Self.reason(error)))
        }
        if let clientCA { reports += await authorities("client CA", .file(clientCA)) }
        return reports
    }

    private func clients(_ found: NodeIdentity.Found) -> [CertificateReport] {
        guard found.access.clientCertificate != nil else { return [] }
        let (given, current) = (found.choice.kubeconfig, found.choice.current)
        // The pair that was copied from the kubeconfig is one certificate.
        let isCopied = given?.info != nil && given?.info == current?.info
        let isFallback = found.decision == .early || found.decision == .none
        let usesCurrent =
            given == nil || isCopied || found.decision == .current || isFallback && current?.info?.commonName == identity.purpose.commonName
        func report(_ candidate: IdentityChoice.Candidate, isUsed: Bool) -> CertificateReport {
            CertificateReport(
                role: "client", place: candidate.place, isUsed: isUsed, isRenewed: identity.rotates && isUsed, info: candidate.info,
                problem: candidate.problem)
        }
        var reports: [CertificateReport] = []
        if let current, usesCurrent || current.info != nil { reports.append(report(current, isUsed: usesCurrent)) }
        if let given, !isCopied { reports.append(report(given, isUsed: !usesCurrent)) }
        return reports
    }

    private func authorities(_ role: String, _ source: CredentialSource) async -> [CertificateReport] {
        do {
            let found = CertificateInfo.all(pem: try await source.text())
            guard !found.isEmpty else {
                return [CertificateReport(role: role, place: "\(source)", info: nil, problem: "it holds no usable PEM certificate")]
            }
            return found.map { CertificateReport(role: role, place: "\(source)", info: $0) }
        } catch {
            return [CertificateReport(role: role, place: "\(source)", info: nil, problem: Self.reason(error))]
        }
    }

    private static func reason(_ error: any Error) -> String { (error as? APIError)?.reason ?? "\(error)" }
}
