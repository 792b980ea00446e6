import Addresses
import SwiftASN1
import X509

/// The names and addresses that a serving certificate is for.
enum SubjectNames {
    static func alternativeNames(dnsNames: [String], ipAddresses: [String]) throws -> SubjectAlternativeNames {
        var names = dnsNames.map { GeneralName.dnsName($0) }
        for address in ipAddresses {
            guard let bytes = IPAddress(address)?.bytes else {
                throw APIError(
                    .invalidArgument, operation: "make a certificate for", object: address,
                    reason: "it is no IP address; wanted one such as 10.0.0.7 or fd00::7")
            }
            names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
        }
        return SubjectAlternativeNames(names)
    }
}
