import PodCore

/// The answers of one credential provider, each for an image, a registry or all images, until their time ends.
struct ProviderCache {
    /// The service account that an answer was given for.
    struct Account: Hashable {
        let owner: CredentialOwner
        let annotations: [String: String]
        /// Digest of the token, if the answer is for the token alone.
        let token: ContentDigest?
    }

    private enum Use: Hashable {
        case image(String)
        case registry(String)
        case global
    }

    private struct Key: Hashable {
        let use: Use
        let account: Account?
    }

    private struct Entry {
        let credentials: [RegistryCredential]
        let end: Duration
    }

    /// Answers that are kept: one for each image, and for accounts one for each of these, or for each token.
    private static let most = 1000

    private var entries: [Key: Entry] = [:]

    /// - Parameter repository: `host[:port]/path`
    mutating func credentials(for repository: String, account: Account? = nil, at now: Duration) -> [RegistryCredential]? {
        entries = entries.filter { $0.value.end > now }
        let uses: [Use] = [.image(repository), .registry(Self.registry(of: repository)), .global]
        return uses.compactMap { entries[Key(use: $0, account: account)]?.credentials }.first
    }

    mutating func keep(
        _ answer: ProviderExchange.Answer, for repository: String, account: Account? = nil, defaultDuration: Duration, at now: Duration
    ) {
        let duration = answer.cacheDuration ?? defaultDuration
        guard duration > .zero else { return }
        // Full: the answer that ends first gives way. Many are for tokens of pods that are gone.
        if entries.count >= Self.most, let first = entries.min(by: { $0.value.end < $1.value.end }) { entries[first.key] = nil }
        let use: Use =
            switch answer.scope {
            case .image: .image(repository)
            case .registry: .registry(Self.registry(of: repository))
            case .global: .global
            }
        entries[Key(use: use, account: account)] = Entry(credentials: answer.credentials, end: now + duration)
    }

    private static func registry(of repository: String) -> String { String(repository.prefix { $0 != "/" }) }
}
