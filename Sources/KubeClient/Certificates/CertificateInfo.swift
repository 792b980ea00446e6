import FoundationEssentials
package import KubeModel
import X509

/// The facts of a certificate that its use and its renewal need.
package struct CertificateInfo: Sendable, Hashable {
    package let notBefore: Timestamp
    package let notAfter: Timestamp
    package let commonName: String

    /// Reads the first certificate of a PEM text.
    package init(pem: String, origin: String) throws {
        let certificate: Certificate
        do {
            certificate = try PEMText.firstCertificate(pem)
        } catch {
            throw APIError(
                .badCertificate, operation: "read certificate", object: origin, reason: "it holds no usable PEM certificate", cause: "\(error)")
        }
        self.init(certificate)
    }

    init(_ certificate: Certificate) {
        notBefore = Timestamp(seconds: Int64(certificate.notValidBefore.timeIntervalSince1970))
        notAfter = Timestamp(seconds: Int64(certificate.notValidAfter.timeIntervalSince1970))
        var name = ""
        for part in certificate.subject {
            for attribute in part where attribute.type == .RDNAttributeType.commonName { name = String(describing: attribute.value) }
        }
        commonName = name
    }

    package func isValid(at time: Timestamp) -> Bool { notBefore <= time && time < notAfter }

    /// The time of the next request: after 70 to 90 % of the life. `random`, from 0 up to 1, chooses.
    package func rotationTime(random: Double) -> Timestamp {
        let life = Double(notAfter.seconds - notBefore.seconds)
        return notBefore.advanced(bySeconds: Int64((life * (0.7 + 0.2 * random)).rounded()))
    }
}
