import FoundationEssentials
import Glibc
import KubeModel
import LinuxSystem
import Timing

/// Runs a credential plugin and keeps its answer until it expires, or the server refuses it.
actor PluginRunner {
    /// A plugin that hangs must not hold up the node's lease for ever.
    private static let timeout = Duration.seconds(60)

    private let plugin: CredentialPlugin
    private let time: any TimeSource
    private var kept: PluginExchange.Answer?
    private var lastRun: Duration?
    /// A program that fails is not run for each call.
    private var backOff = BackOff(initial: .seconds(1), maximum: .seconds(60))
    private var failed: (error: APIError, until: Duration)?

    init(_ plugin: CredentialPlugin, time: any TimeSource) {
        self.plugin = plugin
        self.time = time
    }

    /// Forgets the answer, after a refusal. An answer that the server refuses right away stays for some time: another one would be no better.
    func forget() {
        if let lastRun, time.now() - lastRun < .seconds(10) { return }
        kept = nil
    }

    /// Whether the kept answer is still good.
    var isFresh: Bool {
        guard let kept else { return false }
        return kept.expires.map { time.wallTime() < $0 } ?? true
    }

    func answer(_ access: ClusterAccess, authority: [UInt8]?) async throws -> PluginExchange.Answer {
        if isFresh, let kept { return kept }
        if let failed, time.now() < failed.until { throw failed.error }
        do {
            lastRun = time.now()
            let answer = try await run(access, authority: authority)
            backOff.reset()
            failed = nil
            kept = answer
            return answer
        } catch let error as APIError {
            failed = (error, time.now() + backOff.next())
            throw error
        }
    }

    private func run(_ access: ClusterAccess, authority: [UInt8]?) async throws -> PluginExchange.Answer {
        var environment = ProcessInfo.processInfo.environment.merging(plugin.environment) { $1 }
        let path = try executable(environment["PATH"] ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", besides: access.origin)
        environment["KUBERNETES_EXEC_INFO"] = PluginExchange.information(plugin, access: access, authority: authority)
        let exchange = ProgramExchange(
            executable: path, arguments: plugin.arguments, environment: environment.map { "\($0.key)=\($0.value)" }.sorted(), timeout: Self.timeout)
        do {
            return try PluginExchange.answer(try await exchange.answer(to: [], pool: .shared), apiVersion: plugin.apiVersion)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw failure(access.origin, "\(error)")
        }
    }

    /// A command with a slash is a path, relative to the kubeconfig; any other is searched in `PATH`.
    private func executable(_ search: String, besides kubeconfig: String) throws -> String {
        let command = plugin.command
        if command.hasPrefix("/") { return command }
        if command.contains("/") {
            let folder = kubeconfig.lastIndex(of: "/").map { String(kubeconfig[...$0]) } ?? ""
            return folder + command
        }
        for folder in search.split(separator: ":") where access("\(folder)/\(command)", X_OK) == 0 { return "\(folder)/\(command)" }
        throw failure(
            kubeconfig, "there is no such program in PATH (\(search))" + (plugin.installHint.isEmpty ? "" : "; \(plugin.installHint)"))
    }

    private func failure(_ origin: String, _ reason: String) -> APIError {
        APIError(.badConfiguration, operation: "get credentials from", object: "\(plugin) in \(origin)", reason: reason)
    }
}
