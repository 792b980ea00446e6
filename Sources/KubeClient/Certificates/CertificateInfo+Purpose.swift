import Addresses

extension CertificateInfo {
    /// Whether the certificate has the subject, and at least the names and addresses, that the purpose asks for.
    package func satisfies(_ purpose: CertificatePurpose) -> Bool {
        commonName == purpose.commonName && organizations.contains(CertificatePurpose.organization)
            && dnsNames.isSuperset(of: purpose.dnsNames)
            && purpose.ipAddresses.allSatisfy { text in IPAddress(text).map { ipAddresses.contains("\($0)") } ?? false }
    }
}
