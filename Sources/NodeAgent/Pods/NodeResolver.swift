import Logging
import PodCore
import Synchronization

/// The node's resolver file, as pods get it: read anew for each container, because networks change.
final class NodeResolver: Sendable {
    /// systemd-resolved's list of the servers behind its own loopback address, which is all that the node's file names then.
    private static let upstreamPath = "/run/systemd/resolve/resolv.conf"

    private let folders: any PodFolders
    private let logger: Logger
    /// Whether the upstream servers' file was used at the last look at loopback addresses; `nil` before.
    private let reported = Mutex<Bool?>(nil)

    init(folders: any PodFolders, logger: Logger) {
        self.folders = folders
        self.logger = logger
    }

    /// - Parameter path: `resolvConf` of the configuration. Only the default path is exchanged for the upstream servers' file; empty for no resolver.
    /// - Throws: `PlanFailure` when the file cannot be read. Without its nameservers a pod would start and find no name.
    func configuration(at path: String) async throws -> ResolverConfiguration {
        guard !path.isEmpty else { return ResolverConfiguration() }
        let own: ResolverConfiguration
        do {
            own = ResolverConfiguration(parsing: try await folders.nodeFile(path))
        } catch {
            throw PlanFailure("\(error.message); wanted the node's resolver file there, or another path in resolvConf of the configuration")
        }
        guard own.isLoopbackOnly else { return own }
        var upstream: ResolverConfiguration?
        if path == ResolverConfiguration.defaultPath { upstream = await upstreamConfiguration() }
        report(path, hasUpstream: upstream != nil)
        return upstream ?? own
    }

    /// Writes one line for each change, not for each container.
    private func report(_ path: String, hasUpstream: Bool) {
        let isNews = reported.withLock { reported in
            defer { reported = hasUpstream }
            return reported != hasUpstream
        }
        guard isNews else { return }
        if hasUpstream {
            logger.notice(
                "Pods get the nameservers of systemd-resolved: all of the node's own are loopback addresses",
                metadata: ["file": "\(Self.upstreamPath)", "instead": "\(path)"])
        } else {
            logger.warning(
                "Pods with the node's nameservers find no names: all of these are loopback addresses; set resolvConf to a file with others",
                metadata: ["file": "\(path)"])
        }
    }

    private func upstreamConfiguration() async -> ResolverConfiguration? {
        guard let text = try? await folders.nodeFile(Self.upstreamPath) else { return nil }
        let upstream = ResolverConfiguration(parsing: text)
        return upstream.nameservers.isEmpty || upstream.isLoopbackOnly ? nil : upstream
    }
}
