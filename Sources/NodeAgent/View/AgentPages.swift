import Exposition
package import KubeModel
package import MetricsStore
package import PodCore
package import Timing

/// The agent's metrics and configuration for the node's endpoint. What the agent knows anyway is counted at the scrape.
package struct AgentPages: NodePages {
    package struct Sources: Sendable {
        package let pods: PodManager
        /// The Kubernetes version that the node reports; `nil` before it has.
        package let version: @Sendable () -> String?
        package let events: EventRecorder
        package let health: @Sendable () async -> [HealthCheck]
        package let certificates: @Sendable () async -> CertificateFigures
        package let claims: @Sendable () async -> [ClaimFigures]
        /// The metrics that are recorded for `/metrics` and for `/metrics/slis`.
        package let recorded: MetricsRegistry
        package let serviceLevels: MetricsRegistry

        package init(
            pods: PodManager, version: @escaping @Sendable () -> String?, events: EventRecorder,
            health: @escaping @Sendable () async -> [HealthCheck],
            certificates: @escaping @Sendable () async -> CertificateFigures, claims: @escaping @Sendable () async -> [ClaimFigures],
            recorded: MetricsRegistry, serviceLevels: MetricsRegistry
        ) {
            self.pods = pods
            self.version = version
            self.events = events
            self.health = health
            self.certificates = certificates
            self.claims = claims
            self.recorded = recorded
            self.serviceLevels = serviceLevels
        }
    }

    private let sources: Sources
    private let nodeName: String
    private let settings: KubeletSettings
    private let time: any TimeSource

    package init(_ sources: Sources, nodeName: String, settings: KubeletSettings, time: any TimeSource) {
        self.sources = sources
        self.nodeName = nodeName
        self.settings = settings
        self.time = time
    }

    package func metrics(_ page: MetricsPage) async -> [UInt8] {
        var writer = ExpositionWriter()
        switch page {
        case .agent: await writeAgent(into: &writer)
        case .probes: await writeProbes(into: &writer)
        case .serviceLevels: await writeServiceLevels(into: &writer)
        }
        return writer.bytes
    }

    package func configuration() async -> [UInt8] { JSONWriter.bytes(["kubeletconfig": settings.document]) }

    package func runningPods() async -> [Pod] { await sources.pods.runningPods() }

    private func writeAgent(into writer: inout ExpositionWriter) async {
        await sources.pods.census().write(into: &writer)
        writer.family(.nodeName)
        writer.sample(.nodeName, nodeName, value: 1)
        writer.family(.cgroupVersion, value: 2)
        write(await sources.certificates(), into: &writer)
        write(await sources.claims(), into: &writer)
        writer.family(.lostEvents)
        let losses = sources.events.losses
        for reason in EventLosses.Reason.allCases { writer.sample(.lostEvents, reason.rawValue, value: Double(losses[reason])) }
        if let version = sources.version() { BuildInfo.write(version, into: &writer) }
        if let figures = await ProcessMetrics.read() { ProcessMetrics.write(figures, into: &writer) }
        sources.recorded.write(into: &writer)
    }

    private func write(_ certificates: CertificateFigures, into writer: inout ExpositionWriter) {
        let now = time.wallTime()
        func left(_ family: MetricFamily, _ expiry: Timestamp?) {
            if let expiry { writer.family(family, value: expiry.timeInterval(since: now).rounded(.towardZero)) }
        }
        left(.clientCertificateTTL, certificates.clientExpiry)
        if let errors = certificates.clientRenewErrors { writer.family(.clientCertificateRenewErrors, value: Double(errors)) }
        left(.serverCertificateTTL, certificates.serverExpiry)
        if let errors = certificates.serverRenewErrors { writer.family(.serverCertificateRenewErrors, value: Double(errors)) }
    }

    private func write(_ claims: [ClaimFigures], into writer: inout ExpositionWriter) {
        guard !claims.isEmpty else { return }
        func add(_ family: MetricFamily, _ value: (VolumeStatistics) -> UInt64) {
            writer.family(family)
            for claim in claims { writer.sample(family, claim.namespace, claim.claim, value: Double(value(claim.statistics))) }
        }
        add(.volumeCapacity, \.capacityBytes)
        add(.volumeAvailable, \.availableBytes)
        add(.volumeUsed, \.usedBytes)
        add(.volumeInodes, \.inodes)
        add(.volumeInodesFree, \.inodesFree)
        add(.volumeInodesUsed, \.inodesUsed)
    }

    private func writeProbes(into writer: inout ExpositionWriter) async {
        let pods = await sources.pods.probeTallies()
        guard !pods.isEmpty else { return }
        writer.family(.probeDuration)
        // The family has no label for the uid: of two pods under one name only the first has a row.
        var named: Set<ObjectKey> = []
        for (pod, tallies) in pods where named.insert(ObjectKey(namespace: pod.namespace, name: pod.name)).inserted {
            for tally in tallies.all where tally.successes > 0 {
                let values = [tally.container, pod.namespace, pod.name, tally.kind.rawValue]
                writer.histogram(MetricFamily.probeDuration.name, MetricFamily.probeDuration.labelled(values), tally.durations)
            }
        }
        writer.family(.probes)
        for (pod, tallies) in pods {
            for tally in tallies.all {
                for (result, count) in [("failed", tally.failures), ("successful", tally.successes)] where count > 0 {
                    writer.sample(
                        .probes, tally.container, pod.namespace, pod.name, pod.uid, tally.kind.rawValue, result, value: Double(count))
                }
            }
        }
    }

    private func writeServiceLevels(into writer: inout ExpositionWriter) async {
        writer.family(.healthCheck)
        for check in await sources.health() {
            writer.sample(.healthCheck, check.name, "healthz", value: check.problem == nil ? 1 : 0)
        }
        sources.serviceLevels.write(into: &writer)
    }
}
