import Addresses
import FoundationEssentials
package import KubeModel
import SwiftASN1
import X509

/// The facts of a certificate that its use, its renewal and a person need.
package struct CertificateInfo: Sendable, Hashable {
    /// The state of a certificate by the machine's clock.
    package enum Standing: Sendable, Hashable {
        /// Before `notBefore`: most often the clock is wrong.
        case early
        case valid
        case ended
    }

    package let notBefore: Timestamp
    package let notAfter: Timestamp
    package let commonName: String
    package let organizations: [String]
    /// `CN=system:node:n1,O=system:nodes`
    package let subject: String
    package let issuer: String
    /// The host names and addresses that a serving certificate is for; addresses in their one text form.
    package let dnsNames: Set<String>
    package let ipAddresses: Set<String>

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
        var names: [String] = []
        var groups: [String] = []
        for part in certificate.subject {
            for attribute in part {
                if attribute.type == .RDNAttributeType.commonName { names.append(String(describing: attribute.value)) }
                if attribute.type == .RDNAttributeType.organizationName { groups.append(String(describing: attribute.value)) }
            }
        }
        commonName = names.last ?? ""
        organizations = groups
        subject = String(describing: certificate.subject)
        issuer = String(describing: certificate.issuer)
        var hosts: Set<String> = []
        var addresses: Set<String> = []
        if let alternatives = try? certificate.extensions.subjectAlternativeNames {
            for name in alternatives {
                switch name {
                case .dnsName(let host): hosts.insert(host)
                case .ipAddress(let octets): if let address = IPAddress(bytes: octets.bytes) { addresses.insert("\(address)") }
                default: break
                }
            }
        }
        dnsNames = hosts
        ipAddresses = addresses
    }

    /// Every certificate of a PEM text that can be read, for bundles of authorities.
    package static func all(pem: String) -> [CertificateInfo] {
        PEMText.blocks(pem).filter { $0.label == PEMText.certificateLabel }.compactMap { block in
            (try? Certificate(pemEncoded: block.text)).map { CertificateInfo($0) }
        }
    }

    package func standing(at time: Timestamp) -> Standing {
        time < notBefore ? .early : time < notAfter ? .valid : .ended
    }

    package func isValid(at time: Timestamp) -> Bool { standing(at: time) == .valid }

    /// The time of the next request: after 70 to 90 % of the life. `random`, from 0 up to 1, chooses.
    package func rotationTime(random: Double) -> Timestamp {
        let life = Double(notAfter.seconds - notBefore.seconds)
        return notBefore.advanced(bySeconds: Int64((life * (0.7 + 0.2 * random)).rounded()))
    }
}
