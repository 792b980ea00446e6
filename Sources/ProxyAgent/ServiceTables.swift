import Addresses
import CoreMetrics
import KubeModel
import Logging
import MetricsStore
import Nftables
import ProxyCore
import Synchronization
import Timing

/// The Services' tables as the latest snapshot asks for them, with the work after each sync: status, clients' places, stale flows, health checks.
final class ServiceTables: RulesetOwner {
    private struct State {
        var status = ProxyStatus()
        /// `nil` before the first snapshot.
        var model: ServiceModel?
        /// Flows and clients' places were right at the last sync: only those at changed Services can be wrong after the next one.
        var isClean = false
        var healthChecks: [ServiceHealthCheck] = []
        var reportedProblems: Set<ServiceProblem> = []
        var sync = SyncMeter()
        /// Whole tables were made for the sync under way.
        var isFull = false
    }

    private let source: any ServiceSource
    private let dynamic: any DynamicElementStore
    private let conntrack: (any ConntrackCleaner)?
    private let metrics: any MetricsFactory
    private let time: any TimeSource
    private let logger: Logger
    private let reportProblem: @Sendable (ServiceProblem) -> Void
    private let state = Mutex(State())

    /// Ends with the first sync.
    let firstSync: AsyncStream<Never>
    private let synced: AsyncStream<Never>.Continuation
    /// The health checks after each sync that changed them. For one consumer.
    let healthChecks: AsyncStream<[ServiceHealthCheck]>
    private let healthChecksChanged: AsyncStream<[ServiceHealthCheck]>.Continuation
    /// An element after each sync that has made whole tables, or one after several. For one consumer.
    let fullSyncs: AsyncStream<Void>
    private let syncedFully: AsyncStream<Void>.Continuation

    init(
        source: any ServiceSource, dynamic: any DynamicElementStore, conntrack: (any ConntrackCleaner)?, metrics: any MetricsFactory,
        time: any TimeSource, logger: Logger,
        reportProblem: @escaping @Sendable (ServiceProblem) -> Void
    ) {
        self.source = source
        self.dynamic = dynamic
        self.conntrack = conntrack
        self.metrics = metrics
        self.time = time
        self.logger = logger
        self.reportProblem = reportProblem
        (firstSync, synced) = AsyncStream.makeStream()
        (healthChecks, healthChecksChanged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        (fullSyncs, syncedFully) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var status: ProxyStatus { state.withLock { $0.status } }

    var tableIDs: [TableID] { ServiceCompiler.tables }

    /// Every Service port that is served.
    var entries: [ServiceEntry] { state.withLock { $0.model }?.entries ?? [] }

    var localEndpointGaps: LocalEndpointGaps { state.withLock { $0.model?.localEndpointGaps } ?? LocalEndpointGaps() }

    func matches(_ search: ServiceSearch) -> ServiceMatches { state.withLock { $0.model }?.matches(search) ?? ServiceMatches() }

    func explanation(of key: ObjectKey) -> ServiceExplanation? { state.withLock { $0.model }?.explanation(of: key) }

    /// The tables as they were compiled last.
    var latest: [Table] { state.withLock { $0.model }?.tables ?? [] }

    func wantedTables() async -> [Table]? {
        guard let snapshot = await source.snapshot() else { return nil }
        return compile(isFull: true) { model in
            if model?.configuration != snapshot.configuration { model = ServiceModel(snapshot.configuration) }
            model?.replace(services: snapshot.services, slices: snapshot.slices)
            return true
        }?.tables
    }

    func wantedChanges() async -> [Operation]? {
        guard let changes = await source.latestChanges() else {
            // A source that knows only the whole: what is alike is found here.
            guard let snapshot = await source.snapshot() else { return nil }
            return compile(isFull: false) { model in
                guard model?.configuration == snapshot.configuration else { return false }
                model?.replace(services: snapshot.services, slices: snapshot.slices)
                return true
            }?.operations
        }
        return compile(isFull: false, triggers: changes.slices.compactMap { $0.slice.flatMap { SyncMeter.Trigger($0.object) } }) { model in
            guard model?.configuration == changes.configuration else { return false }
            for (key, service) in changes.services { model?.set(service, for: key) }
            for (key, slice) in changes.slices { model?.set(slice, for: key) }
            return true
        }?.operations
    }

    var remembersTables: Bool { true }

    func committedTables() async -> [Table]? { state.withLock { $0.model }?.committedTables }

    /// A change has asked for a sync.
    func queued() {
        let now = time.wallTime()
        state.withLock { $0.status.lastQueued = now }
    }

    /// Takes new input and compiles it. `nil` when it cannot be taken.
    private func compile(
        isFull: Bool, triggers: [SyncMeter.Trigger] = [], _ take: (inout ServiceModel?) -> Bool
    ) -> ServiceModel? {
        let now = time.wallTime()
        let began = time.now()
        let model = state.withLock { state -> ServiceModel? in
            state.status.pendingSince = state.status.pendingSince ?? now
            guard take(&state.model) else { return nil }
            state.sync.begin(isFull: isFull, triggers: triggers, at: began)
            state.isFull = state.isFull || isFull
            state.model?.update()
            return state.model
        }
        report(model?.problems ?? [])
        return model
    }

    func didSync(_ outcome: RulesetSync.Outcome) async throws {
        if outcome.foundForeignChange {
            logger.warning("Service rules were changed by another program and are repaired", metadata: ["operations": "\(outcome.operations)"])
        }
        let (now, ended) = (time.wallTime(), time.now())
        let work = state.withLock { state -> Work? in
            guard let model = state.model else { return nil }
            // Before rules that were not there, or may not have been, packets went to Services untranslated.
            let mayHaveMissedRules = outcome.foundForeignChange || !state.isClean
            let changes = state.isClean ? model.changes : nil
            let present = changes?.present ?? ServiceTable(entries: model.entries { $0.name.transport != .tcp || $0.affinityTimeout != nil })
            state.isClean = false
            state.model?.committed()
            state.status.problems = model.problems
            state.status.lastSync = now
            state.status.pendingSince = nil
            state.status.syncs += 1
            state.status.lastFailure = nil
            if outcome.foundForeignChange { state.status.repairs += 1 }
            if state.isFull { syncedFully.yield() }
            state.isFull = false
            state.sync.end(at: Moment(wall: now, monotonic: ended), metrics)
            let checks = model.healthChecks.map { check in
                var check = check
                check.addresses = model.configuration.nodePorts.listening(check.family)
                return check
            }
            if state.healthChecks != checks { healthChecksChanged.yield(checks) }
            state.healthChecks = checks
            return Work(
                former: changes?.former, present: present, configuration: model.configuration,
                begun: mayHaveMissedRules ? FlowTargets.allFrontends(model.eachEntry, configuration: model.configuration) : [])
        }
        guard let work else { return }
        synced.finish()
        // Clients' places first: a flow that is deleted starts again with a place.
        try await endAffinities(AffinityTargets(work.present, former: work.former, configuration: work.configuration))
        try await deleteFlows(
            FlowTargets(work.present, configuration: work.configuration),
            since: work.former.map { FlowTargets($0, configuration: work.configuration) })
        try await deleteBegun(work.begun)
        state.withLock { $0.isClean = true }
    }

    /// Clean-up for one sync, once the kernel has the rules.
    private struct Work {
        /// `nil` when it is not known.
        let former: ServiceTable?
        let present: ServiceTable
        let configuration: ProxyConfiguration
        /// Frontends to which flows may have been begun without rules.
        let begun: Set<Frontend>
    }

    private func endAffinities(_ targets: AffinityTargets) async throws {
        if targets.isEmpty { return }
        var ended = 0
        for table in tableIDs {
            ended += try await dynamic.removeElements(of: AffinityRules.schema(table.family), in: table) { element in
                ClientAffinity(element, in: table.family).map { !targets.allows($0) } ?? false
            }
        }
        state.withLock { [ended] in $0.status.endedAffinities += ended }
    }

    private func deleteFlows(_ targets: FlowTargets, since former: FlowTargets?) async throws {
        let stale = targets.stale(since: former)
        guard let conntrack, !stale.isEmpty else { return }
        let deleted = try await conntrack.delete(.answeredElsewhere(stale))
        state.withLock { $0.status.deletedFlows += deleted }
    }

    /// A flow that was begun before its rules would never be translated, however often its first packet is sent again.
    private func deleteBegun(_ frontends: Set<Frontend>) async throws {
        guard let conntrack, !frontends.isEmpty else { return }
        let deleted = try await conntrack.delete(.untranslated(frontends))
        state.withLock { $0.status.deletedFlows += deleted }
    }

    func syncFailed(_ error: any Error, retryIn pause: Duration) async {
        state.withLock { state in
            state.status.failures += 1
            state.status.lastFailure = "\(error)"
        }
        logger.error("Service rules are not in sync", metadata: ["error": "\(error)", "retry_in": "\(pause)"])
    }

    /// Each problem is reported when it appears, not at every sync.
    private func report(_ problems: [ServiceProblem]) {
        let new = state.withLock { state in
            defer { state.reportedProblems = Set(problems) }
            return problems.filter { !state.reportedProblems.contains($0) }
        }
        for problem in new {
            logger.warning("A Service is not served", metadata: ["problem": "\(problem)"])
            reportProblem(problem)
        }
    }
}
