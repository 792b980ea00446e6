package import KubeModel
package import X509

/// The user of a verified client certificate, as Kubernetes reads it: the common name is the user, organizations are the groups.
package enum ClientIdentity {
    package static let authenticated = "system:authenticated"

    /// Returns `nil` when the certificate has no common name.
    package static func user(of certificate: Certificate) -> UserInfo? {
        var name: String?
        var groups: [String] = []
        for relativeName in certificate.subject {
            for attribute in relativeName {
                switch attribute.type {
                case .RDNAttributeType.commonName: name = String(describing: attribute.value)
                case .RDNAttributeType.organizationName: groups.append(String(describing: attribute.value))
                default: break
                }
            }
        }
        guard let name, !name.isEmpty else { return nil }
        return UserInfo(username: name, groups: withAuthenticated(groups))
    }

    /// Every known user is also a member of `system:authenticated`.
    package static func withAuthenticated(_ groups: [String]) -> [String] {
        groups.contains(authenticated) ? groups : groups + [authenticated]
    }
}
