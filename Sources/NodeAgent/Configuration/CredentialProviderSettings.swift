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

    package init() {}
}
