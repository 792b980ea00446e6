import FoundationEssentials
import Glibc
import LinuxSystem
import Logging
import PodCore
import Synchronization
import Timing

/// Finds the node's own credentials for a repository: those of docker's files, then those of the credential providers. Apart from them, finds
/// the credentials that providers give for the service account of a pod.
///
/// Files are read for each pull, so that a change counts at once.
final class NodeKeyring: Sendable {
    struct Found: Sendable {
        /// In the order in which they are tried.
        var credentials: [RegistryCredential] = []
        /// Why a source gave none.
        var problems: [String] = []
    }

    /// kubelet's own limit.
    private static let providerTimeout = Duration.seconds(60)
    private static let longestFile = 10 << 20

    private let sources: NodeCredentials
    private let pool: BlockingPool
    private let time: any TimeSource
    private let logger: Logger
    private let timeout: Duration
    private let caches = Mutex<[String: ProviderCache]>([:])
    /// The last problem of each file, so that each is logged once.
    private let logged = Mutex<[String: String]>([:])

    init(_ sources: NodeCredentials, pool: BlockingPool, time: any TimeSource, logger: Logger, timeout: Duration = providerTimeout) {
        self.sources = sources
        self.pool = pool
        self.time = time
        self.logger = logger
        self.timeout = timeout
    }

    /// - Parameter repository: `host[:port]/path`
    func lookup(_ repository: String) async -> Found {
        var found = Found()
        let files = await fileCredentials()
        found.credentials = CredentialMatcher.candidates(for: repository, in: files)
        var given: [RegistryCredential] = []
        for provider in providers(for: repository) where provider.account == nil {
            do {
                given += try await credentials(of: provider, for: repository)
            } catch {
                found.problems.append(problem(error, provider, repository))
            }
        }
        for credential in CredentialMatcher.candidates(for: repository, in: given) where !found.credentials.contains(credential) {
            found.credentials.append(credential)
        }
        return found
    }

    /// Asks the providers that want a service account.
    /// - Parameter account: of a pod; `nil` for a pod without one.
    func lookup(_ repository: String, for account: (any PodAccount)?) async -> AccountCredentials {
        var found = AccountCredentials()
        for provider in providers(for: repository) {
            guard let rule = provider.account, account != nil || !rule.isRequired else { continue }
            do {
                var known: ProviderAccount?
                if let account {
                    known = try await ProviderAccount.load(account, rule)
                    if known == nil { continue }
                }
                found.credentials += try await credentials(of: provider, for: repository, account: known)
            } catch {
                found.problems.append(problem(error, provider, repository))
            }
        }
        return found
    }

    private func providers(for repository: String) -> [CredentialProvider] {
        sources.providers.filter { $0.matchImages.contains { CredentialMatcher.matches(pattern: $0, repository: repository) } }
    }

    private func problem(_ error: any Error, _ provider: CredentialProvider, _ repository: String) -> String {
        logger.error("Credential provider failed", metadata: ["provider": "\(provider.name)", "image": "\(repository)", "error": "\(error)"])
        return "credential provider \(provider.name) failed: \(error)"
    }

    private func credentials(
        of provider: CredentialProvider, for repository: String, account: ProviderAccount? = nil
    ) async throws -> [RegistryCredential] {
        let now = time.now()
        let caching = provider.account?.caching ?? .account
        let scope = account?.scope(caching)
        if let kept = caches.withLock({ $0[provider.name]?.credentials(for: repository, account: scope, at: now) }) {
            return kept.map { $0.of(account?.owner) }
        }
        let process = ProgramExchange(
            executable: provider.executable, arguments: provider.arguments,
            environment: ProcessInfo.processInfo.environment.merging(provider.environment) { $1 }.map { "\($0.key)=\($0.value)" }.sorted(),
            timeout: timeout)
        let request = try ProviderExchange.request(image: repository, apiVersion: provider.apiVersion, account: account)
        let answer = try ProviderExchange.answer(try await process.answer(to: request, pool: pool), apiVersion: provider.apiVersion)
        // Such an answer would outlive its token in the cache.
        if let account, caching == .account, answer.credentials.contains(where: { $0.password == account.token }) {
            throw ProviderExchange.Unusable(
                description: "its answer has the service account's token as the password, which is allowed with the cacheType Token only")
        }
        caches.withLock { caches in
            caches[provider.name, default: ProviderCache()].keep(
                answer, for: repository, account: scope, defaultDuration: provider.defaultCacheDuration, at: time.now())
        }
        return answer.credentials.map { $0.of(account?.owner) }
    }

    private func fileCredentials() async -> [RegistryCredential] {
        let sources = sources
        let read = { @Sendable [self] (path: String, form: DockerCredentials.Form) -> [RegistryCredential]? in
            do throws(SystemError) {
                let found = DockerCredentials(try SmallFile.bytes(path, limit: Self.longestFile), form: form)
                note(found.problems.joined(separator: "; "), of: path)
                return found.credentials.isEmpty && !found.problems.isEmpty ? nil : found.credentials
            } catch {
                note(error.is(ENOENT) || error.is(ENOTDIR) ? "" : "\(error)", of: path)
                return nil
            }
        }
        let found = try? await pool.run("read docker's credentials", deadline: .seconds(10)) {
            for path in sources.configFiles { if let credentials = read(path, .config) { return credentials } }
            for path in sources.entryFiles { if let credentials = read(path, .entries) { return credentials } }
            return [RegistryCredential]()
        }
        return found ?? []
    }

    private func note(_ problem: String, of path: String) {
        let isNew = logged.withLock { $0.updateValue(problem, forKey: path) ?? "" != problem }
        guard isNew, !problem.isEmpty else { return }
        logger.warning("File of registry credentials cannot be read, or not all of it", metadata: ["file": "\(path)", "problem": "\(problem)"])
    }
}
