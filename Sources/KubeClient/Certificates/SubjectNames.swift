import SwiftASN1
import X509

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The names and addresses that a serving certificate is for.
enum SubjectNames {
    static func alternativeNames(dnsNames: [String], ipAddresses: [String]) throws -> SubjectAlternativeNames {
        var names = dnsNames.map { GeneralName.dnsName($0) }
        for address in ipAddresses {
            guard let bytes = bytes(ofAddress: address) else {
                throw APIError(
                    .invalidArgument, operation: "make a certificate for", object: address,
                    reason: "it is no IP address; wanted one such as 10.0.0.7 or fd00::7")
            }
            names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
        }
        return SubjectAlternativeNames(names)
    }

    static func bytes(ofAddress text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
