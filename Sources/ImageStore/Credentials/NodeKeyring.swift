import FoundationEssentials
import Glibc
import LinuxSystem
import Logging
import PodCore
import Synchronization
import Timing

/// Finds the node's own credentials for a repository: those of docker's files, then those of the credential providers.
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
        for provider in sources.providers
        where provider.matchImages.contains(where: { CredentialMatcher.matches(pattern: $0, repository: repository) }) {
            do {
                given += try await credentials(of: provider, for: repository)
            } catch {
                logger.error("Credential provider failed", metadata: ["provider": "\(provider.name)", "image": "\(repository)", "error": "\(error)"])
                found.problems.append("credential provider \(provider.name) failed: \(error)")
            }
        }
        for credential in CredentialMatcher.candidates(for: repository, in: given) where !found.credentials.contains(credential) {
            found.credentials.append(credential)
        }
        return found
    }

    private func credentials(of provider: CredentialProvider, for repository: String) async throws -> [RegistryCredential] {
        let now = time.now()
        if let kept = caches.withLock({ $0[provider.name]?.credentials(for: repository, at: now) }) { return kept }
        let process = ProgramExchange(
            executable: provider.executable, arguments: provider.arguments,
            environment: ProcessInfo.processInfo.environment.merging(provider.environment) { $1 }.map { "\($0.key)=\($0.value)" }.sorted(),
            timeout: timeout)
        let request = try ProviderExchange.request(image: repository, apiVersion: provider.apiVersion)
        let answer = try ProviderExchange.answer(try await process.answer(to: request, pool: pool), apiVersion: provider.apiVersion)
        caches.withLock { caches in
            caches[provider.name, default: ProviderCache()].keep(
                answer, for: repository, defaultDuration: provider.defaultCacheDuration, at: time.now())
        }
        return answer.credentials
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
