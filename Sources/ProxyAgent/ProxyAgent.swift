package import Logging
package import Nftables
package import ProxyCore
import ServiceLifecycle
import Synchronization
import Timing

/// Keeps the node's Services in the kernel: waits for changes, compiles the latest snapshot, applies the difference.
///
/// Rules stay when it stops. When it starts again it adopts them: the first sync reads what is there and changes only
/// what differs, and it does so only once the source has a complete snapshot.
package final class ProxyAgent: ServiceLifecycle.Service {
    private let source: any ServiceSource
    private let store: any RulesetStore
    private let conntrack: (any ConntrackCleaner)?
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> ContinuousClock.Instant
    private let logger: Logger
    private let state = Mutex(ProxyStatus())
    private let wakeups = Wakeups()

    /// - Parameters:
    ///   - conntrack: `nil` leaves stale UDP flows to their timeout.
    ///   - clock: measures the pauses after failures.
    package init(
        source: any ServiceSource, store: any RulesetStore, conntrack: (any ConntrackCleaner)?, logger: Logger,
        clock: any Clock<Duration> = ContinuousClock(), now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
    ) {
        self.source = source
        self.store = store
        self.conntrack = conntrack
        self.logger = logger
        self.clock = clock
        self.now = now
    }

    package var status: ProxyStatus { state.withLock { $0 } }

    /// Runs until it is cancelled or shut down gracefully. Throws when the kernel's notifications cannot be had or end:
    /// without them a foreign change would go unnoticed.
    package func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await self.work() }
        } catch is CancellationError {
            return
        }
    }

    private func work() async throws {
        let serviceChanges = await source.changes()
        let foreignChanges = try await store.foreignChanges(to: RulesetCompiler.tables)
        try await withThrowingDiscardingTaskGroup { [self] group in
            group.addTask {
                for await _ in serviceChanges { self.wakeups.add(.services) }
            }
            group.addTask {
                for await _ in foreignChanges { self.wakeups.add(.foreignChange) }
                // The loop below is the group's own body, which no failing child cancels.
                self.wakeups.finish()
                try Task.checkCancellation()
                throw NftablesError(code: .unavailable, detail: "the kernel's nf_tables notifications ended")
            }
            wakeups.add(.services)
            var worker = Worker(sync: RulesetSync(store: store))
            for await _ in wakeups.stream {
                let reasons = wakeups.take()
                if reasons.contains(.retry) { worker.isRetryPending = false }
                // One pause at a time, however many changes fail during it.
                guard let delay = await step(&worker, reasons), !worker.isRetryPending else { continue }
                worker.isRetryPending = true
                group.addTask {
                    try? await self.clock.sleep(for: delay)
                    self.wakeups.add(.retry)
                }
            }
        }
    }

    private struct Worker {
        var sync: RulesetSync
        var retryDelay = BackOff(initial: .milliseconds(100), maximum: .seconds(30))
        var isRetryPending = false
        /// What conntrack was cleaned for last.
        var cleaned: UDPTargets?
        var reportedProblems: [String] = []
    }

    /// One sync. Returns the pause before the next attempt when it failed.
    private func step(_ worker: inout Worker, _ reasons: Wakeups.Reasons) async -> Duration? {
        if reasons.contains(.foreignChange) { worker.sync.forget() }
        guard let snapshot = await source.snapshot() else { return nil }
        let table = ServiceTable(services: snapshot.services, slices: snapshot.slices, nodeName: snapshot.configuration.nodeName)
        report(table.problems, &worker)
        do {
            let outcome = try await worker.sync.apply(RulesetCompiler(snapshot.configuration).compile(table))
            if outcome.foundForeignChange {
                logger.warning("nftables tables were changed by another program and are repaired", metadata: ["operations": "\(outcome.operations)"])
            }
            record(table, isRepair: outcome.foundForeignChange)
            try await cleanConntrack(table, snapshot.configuration, &worker)
        } catch {
            if Task.isCancelled { return nil }
            let delay = worker.retryDelay.next()
            state.withLock { state in
                state.failures += 1
                state.lastFailure = "\(error)"
            }
            logger.error("service rules are not in sync", metadata: ["error": "\(error)", "retry_in": "\(delay)"])
            return delay
        }
        worker.retryDelay.reset()
        return nil
    }

    private func record(_ table: ServiceTable, isRepair: Bool) {
        let time = now()
        state.withLock { state in
            state.entries = table.entries
            state.problems = table.problems
            state.lastSync = time
            state.syncs += 1
            state.lastFailure = nil
            if isRepair { state.repairs += 1 }
        }
    }

    /// Each problem is logged when it appears, not at every sync.
    private func report(_ problems: [String], _ worker: inout Worker) {
        let known = Set(worker.reportedProblems)
        for problem in problems where !known.contains(problem) { logger.warning("service is not served", metadata: ["problem": "\(problem)"]) }
        worker.reportedProblems = problems
    }

    private func cleanConntrack(_ table: ServiceTable, _ configuration: ProxyConfiguration, _ worker: inout Worker) async throws {
        guard let conntrack else { return }
        let targets = UDPTargets(table, configuration: configuration)
        let stale = targets.stale(since: worker.cleaned)
        if !stale.isEmpty {
            let deleted = try await conntrack.deleteStaleFlows(stale)
            state.withLock { $0.deletedFlows += deleted }
        }
        worker.cleaned = targets
    }
}
