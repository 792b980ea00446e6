import PodCore

/// The credentials that have brought an image under one name.
struct AccessRecord: Sendable, Hashable, Codable {
    /// A credential without its content.
    struct Grant: Sendable, Hashable, Codable {
        /// `nil` for a credential that is of no Secret and of no service account.
        let owner: CredentialOwner?
        /// Of the image's repository with user name and password.
        let login: ContentDigest

        private enum CodingKeys: String, CodingKey {
            /// The name in the index of earlier stores.
            case owner = "secret"
            case login
        }

        init(_ credential: RegistryCredential, repository: String) {
            owner = credential.owner
            // No part can contain a zero.
            login = ContentHasher.digest(of: Array("\(repository)\0\(credential.username)\0\(credential.password)".utf8))
        }
    }

    /// Of more grants the oldest goes: its pods ask the registry again.
    private static let most = 1000

    /// Whether the registry has given the image without credentials of a pod.
    private(set) var isOpen = false
    /// The oldest first.
    private(set) var grants: [Grant] = []

    /// Notes a pull.
    /// - Parameter grant: `nil` for one without credentials of a pod.
    mutating func add(_ grant: Grant?) {
        guard !isOpen else { return }
        guard let grant else {
            isOpen = true
            grants = []
            return
        }
        grants.removeAll { $0.owner == nil ? $0 == grant : $0.owner == grant.owner }
        grants.append(grant)
        grants.removeFirst(max(0, grants.count - Self.most))
    }

    mutating func add(_ other: AccessRecord) {
        if other.isOpen { add(nil) }
        for grant in other.grants { add(grant) }
    }

    /// Whether a credential is one that brought the image, or is of a Secret or service account that did: kubelet's rule.
    func admits(_ grant: Grant) -> Bool {
        isOpen || grants.contains { $0.login == grant.login || ($0.owner != nil && $0.owner == grant.owner) }
    }
}
