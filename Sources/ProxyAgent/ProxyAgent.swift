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
    ///   - conntrack: `nil` leaves stale UDP flows to their timeout.
    ///   - time: measures the pauses after failures and dates the syncs.
    package init(
        source: any ServiceSource, store: any RulesetStore, conntrack: (any ConntrackCleaner)?, logger: Logger, time: any TimeSource
    ) {
        self.source = source
        tables = ServiceTables(source: source, conntrack: conntrack, time: time, logger: logger)
        keeper = RulesetKeeper(owner: tables, store: store, time: time)
    }

    package var status: ProxyStatus { tables.status }

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
        try await withThrowingDiscardingTaskGroup { [keeper] group in
            group.addTask { for await _ in changes { keeper.ownerChanged() } }
            group.addTask { try await keeper.run() }
        }
    }
}
