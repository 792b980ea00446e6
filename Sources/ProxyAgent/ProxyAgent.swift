package import CoreMetrics
package import KubeModel
package import Logging
package import Nftables
package import ProxyCore
import ServiceLifecycle
package import Timing

/// Keeps the node's Services in the kernel: waits for changes, compiles the latest snapshot, applies the difference.
///
/// Rules stay when it stops. When it starts again it adopts them: the first sync reads the tables and changes only
/// differences, and it happens only once the source has a complete snapshot.
package final class ProxyAgent: ServiceLifecycle.Service {
    private let source: any ServiceSource
    private let tables: ServiceTables
    private let keeper: RulesetKeeper

    /// - Parameters:
    ///   - conntrack: `nil` leaves stale flows to their timeout.
    ///   - time: measures the pauses after failures and dates the syncs.
    ///   - reportProblem: called for each part of a Service that cannot be served, when that is found.
    package init(
        source: any ServiceSource, store: any RulesetStore & DynamicElementStore, conntrack: (any ConntrackCleaner)?,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger, time: any TimeSource,
        reportProblem: @escaping @Sendable (ServiceProblem) -> Void = { _ in }
    ) {
        self.source = source
        tables = ServiceTables(
            source: source, dynamic: store, conntrack: conntrack, metrics: metrics, time: time, logger: logger, reportProblem: reportProblem)
        keeper = RulesetKeeper(owner: tables, store: store, time: time)
    }

    package var status: ProxyStatus { tables.status }

    /// Every Service port that is served, as it was compiled last.
    package var entries: [ServiceEntry] { tables.entries }

    /// The Services that are served and meant by a search, as they were compiled last.
    package func matches(_ search: ServiceSearch) -> ServiceMatches { tables.matches(search) }

    package var localEndpointGaps: LocalEndpointGaps { tables.localEndpointGaps }

    /// `nil` when there is no such Service.
    package func explanation(of key: ObjectKey) -> ServiceExplanation? { tables.explanation(of: key) }

    /// The tables as they were compiled last.
    package var latestTables: [Table] { tables.latest }

    /// The ports at which load balancers ask for endpoints of this node, after each change of them. For one consumer.
    package var healthChecks: AsyncStream<[ServiceHealthCheck]> { tables.healthChecks }

    /// An element after each sync of whole tables, which leaves much free memory; several may share one. For one consumer.
    package var fullSyncs: AsyncStream<Void> { tables.fullSyncs }

    /// Returns when the kernel has had the tables for the first time, or the task is cancelled. For one caller.
    package func waitForFirstSync() async { for await _ in tables.firstSync {} }

    /// Runs until it is cancelled or shut down gracefully. Throws when the kernel's notifications cannot be had or end.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await self.work() }
        } catch is CancellationError {
            return
        }
    }

    private func work() async throws {
        let changes = await source.changes()
        try await withThrowingDiscardingTaskGroup { [keeper, tables] group in
            group.addTask {
                for await _ in changes {
                    tables.queued()
                    keeper.ownerChanged()
                }
            }
            group.addTask { try await keeper.run() }
        }
    }
}
