/// A program that gives registry credentials when it is asked: kubelet's exec plugins (`CredentialProviderConfig`).
package struct CredentialProvider: Sendable, Hashable {
    package let name: String
    /// Absolute.
    package let executable: String
    package let arguments: [String]
    /// Besides those of this process, which they replace.
    package let environment: [String: String]
    /// The images that the program is asked about: `host[:port][/path]`, with globs in the host's labels.
    package let matchImages: [String]
    /// For answers that name no duration themselves. Zero keeps nothing.
    package let defaultCacheDuration: Duration
    /// Of requests and answers, such as `credentialprovider.kubelet.k8s.io/v1`.
    package let apiVersion: String
    /// `nil` for a provider whose credentials every pod of the node may use.
    package let account: AccountRule?

    package init(
        name: String, executable: String, arguments: [String] = [], environment: [String: String] = [:], matchImages: [String],
        defaultCacheDuration: Duration, apiVersion: String, account: AccountRule? = nil
    ) {
        self.name = name
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.matchImages = matchImages
        self.defaultCacheDuration = defaultCacheDuration
        self.apiVersion = apiVersion
        self.account = account
    }
}
