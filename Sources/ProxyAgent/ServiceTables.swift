import Addresses
import Logging
import Nftables
import ProxyCore
import Synchronization
import Timing

/// The Services' tables as the latest snapshot asks for them, with the work after each sync: status and stale flows.
final class ServiceTables: RulesetOwner {
    private struct State {
        var status = ProxyStatus()
        /// The input of the tables that were asked for last.
        var compiled: (table: ServiceTable, configuration: ProxyConfiguration)?
        /// The targets at the last clean-up of connection tracking.
        var cleaned: UDPTargets?
        var reportedProblems: Set<String> = []
    }

    private let source: any ServiceSource
    private let conntrack: (any ConntrackCleaner)?
    private let time: any TimeSource
    private let logger: Logger
    private let state = Mutex(State())

    init(source: any ServiceSource, conntrack: (any ConntrackCleaner)?, time: any TimeSource, logger: Logger) {
        self.source = source
        self.conntrack = conntrack
        self.time = time
        self.logger = logger
    }

    var status: ProxyStatus { state.withLock { $0.status } }

    var tableIDs: [TableID] { ServiceCompiler.tables }

    func wantedTables() async -> [Table]? {
        guard let snapshot = await source.snapshot() else { return nil }
        let table = ServiceTable(services: snapshot.services, slices: snapshot.slices, nodeName: snapshot.configuration.nodeName)
        report(table.problems)
        state.withLock { $0.compiled = (table, snapshot.configuration) }
        return ServiceCompiler(snapshot.configuration).compile(table)
    }

    func didSync(_ outcome: RulesetSync.Outcome) async throws {
        if outcome.foundForeignChange {
            logger.warning("Service rules were changed by another program and are repaired", metadata: ["operations": "\(outcome.operations)"])
        }
        let now = time.wallTime()
        let stale = state.withLock { state -> (flows: [Frontend: Set<Endpoint.Target>], targets: UDPTargets)? in
            guard let (table, configuration) = state.compiled else { return nil }
            state.status.entries = table.entries
            state.status.problems = table.problems
            state.status.lastSync = now
            state.status.syncs += 1
            state.status.lastFailure = nil
            if outcome.foundForeignChange { state.status.repairs += 1 }
            let targets = UDPTargets(table, configuration: configuration)
            return (targets.stale(since: state.cleaned), targets)
        }
        guard let conntrack, let stale else { return }
        let deleted = stale.flows.isEmpty ? 0 : try await conntrack.delete(.answeredElsewhere(stale.flows))
        state.withLock { state in
            state.status.deletedFlows += deleted
            state.cleaned = stale.targets
        }
    }

    func syncFailed(_ error: any Error, retryIn pause: Duration) async {
        state.withLock { state in
            state.status.failures += 1
            state.status.lastFailure = "\(error)"
        }
        logger.error("Service rules are not in sync", metadata: ["error": "\(error)", "retry_in": "\(pause)"])
    }

    /// Each problem is logged when it appears, not at every sync.
    private func report(_ problems: [String]) {
        let new = state.withLock { state in
            defer { state.reportedProblems = Set(problems) }
            return problems.filter { !state.reportedProblems.contains($0) }
        }
        for problem in new { logger.warning("A Service is not served", metadata: ["problem": "\(problem)"]) }
    }
}
