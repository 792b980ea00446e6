import PodCore

/// The answers of one credential provider, each for an image, a registry or all images, until their time ends.
struct ProviderCache {
    private enum Key: Hashable {
        case image(String)
        case registry(String)
        case global
    }

    private struct Entry {
        let credentials: [RegistryCredential]
        let end: Duration
    }

    /// Images whose answers are kept; a node has far fewer.
    private static let most = 1000

    private var entries: [Key: Entry] = [:]

    /// - Parameter repository: `host[:port]/path`
    mutating func credentials(for repository: String, at now: Duration) -> [RegistryCredential]? {
        entries = entries.filter { $0.value.end > now }
        let keys: [Key] = [.image(repository), .registry(Self.registry(of: repository)), .global]
        return keys.compactMap { entries[$0]?.credentials }.first
    }

    mutating func keep(_ answer: ProviderExchange.Answer, for repository: String, defaultDuration: Duration, at now: Duration) {
        let duration = answer.cacheDuration ?? defaultDuration
        guard duration > .zero, entries.count < Self.most else { return }
        let key: Key =
            switch answer.scope {
            case .image: .image(repository)
            case .registry: .registry(Self.registry(of: repository))
            case .global: .global
            }
        entries[key] = Entry(credentials: answer.credentials, end: now + duration)
    }

    private static func registry(of repository: String) -> String { String(repository.prefix { $0 != "/" }) }
}
