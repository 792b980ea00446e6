/// One program of `CredentialProviderConfig`, which gives credentials for registries.
package struct CredentialProviderSettings: Sendable, Hashable {
    package var name = ""
    package var matchImages: [String] = []
    package var defaultCacheDuration = Duration.zero
    package var apiVersion = ""
    package var args: [String] = []
    package var env: [String: String] = [:]
    /// Absolute.
    package var executable = ""
    /// `nil` for a provider that gets no token of a service account.
    package var tokenAttributes: TokenAttributes?

    /// The provider's demands on the service account of a pod.
    package struct TokenAttributes: Sendable, Hashable {
        package enum CacheType: String, Sendable, Hashable, CaseIterable {
            case serviceAccount = "ServiceAccount"
            case token = "Token"
        }

        package var audience = ""
        package var cacheType = CacheType.serviceAccount
        package var requiresServiceAccount = false
        package var requiredAnnotationKeys: [String] = []
        package var optionalAnnotationKeys: [String] = []

        package init() {}
    }

    package init() {}
}
