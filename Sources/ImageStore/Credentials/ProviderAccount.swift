import PodCore

/// The service account in the request to a credential provider.
struct ProviderAccount: Sendable {
    let owner: CredentialOwner
    let annotations: [String: String]
    let token: String

    /// Asks the API server for the service account and a token of it.
    /// - Returns: `nil` if a required annotation is not there.
    static func load(_ account: any PodAccount, _ rule: AccountRule) async throws -> ProviderAccount? {
        let facts: ServiceAccountFacts
        do { facts = try await account.facts() } catch { throw ProviderExchange.Unusable(description: "failed to get service account: \(error)") }
        var annotations: [String: String] = [:]
        for key in rule.requiredAnnotations {
            guard let value = facts.annotations[key] else { return nil }
            annotations[key] = value
        }
        for key in rule.optionalAnnotations { annotations[key] = facts.annotations[key] }
        do {
            return ProviderAccount(
                owner: CredentialOwner(uid: facts.uid, namespace: account.namespace, name: account.name), annotations: annotations,
                token: try await account.token(audience: rule.audience, uid: facts.uid))
        } catch {
            throw ProviderExchange.Unusable(description: "failed to get service account token: \(error)")
        }
    }

    func scope(_ caching: AccountRule.Caching) -> ProviderCache.Account {
        ProviderCache.Account(
            owner: owner, annotations: annotations, token: caching == .token ? ContentHasher.digest(of: Array(token.utf8)) : nil)
    }
}
