/// The demands of a credential provider on a pod's service account: kubelet's `tokenAttributes`.
package struct AccountRule: Sendable, Hashable {
    /// How long an answer may serve: for the service account, or for one token of it.
    package enum Caching: Sendable, Hashable {
        case account
        case token
    }

    package let audience: String
    package let caching: Caching
    /// Whether the provider is asked only for pods with a service account.
    package let isRequired: Bool
    /// Annotations that the provider gets. A service account without one of them has not chosen the provider, which is not asked then.
    package let requiredAnnotations: [String]
    /// Annotations that the provider gets where they are there.
    package let optionalAnnotations: [String]

    package init(
        audience: String, caching: Caching, isRequired: Bool, requiredAnnotations: [String] = [], optionalAnnotations: [String] = []
    ) {
        self.audience = audience
        self.caching = caching
        self.isRequired = isRequired
        self.requiredAnnotations = requiredAnnotations
        self.optionalAnnotations = optionalAnnotations
    }
}
