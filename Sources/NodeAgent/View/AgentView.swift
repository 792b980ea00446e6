package import CoreMetrics
package import KubeClient
package import KubeModel
import MetricsStore
package import PodCore

/// The agent's state for the HTTP endpoint and the operator's socket.
package struct AgentView: NodeView {
    private let pods: PodManager
    private let reporter: NodeReporter
    private let readiness: NodeReadiness
    private let health: NodeHealth
    private let client: KubeClient
    private let settings: NodeSettings
    private let startedAt: Timestamp
    private let serviceLevels: any MetricsFactory

    /// - Parameter serviceLevels: where the answers to health checks are counted.
    package init(
        pods: PodManager, reporter: NodeReporter, readiness: NodeReadiness, health: NodeHealth, client: KubeClient, settings: NodeSettings,
        startedAt: Timestamp, serviceLevels: any MetricsFactory = NOOPMetricsHandler.instance
    ) {
        self.pods = pods
        self.reporter = reporter
        self.readiness = readiness
        self.health = health
        self.client = client
        self.settings = settings
        self.startedAt = startedAt
        self.serviceLevels = serviceLevels
    }

    package func pods() async -> [Pod] { await pods.pods() }

    package func container(_ name: String, ofPod pod: ObjectKey, uid: String?, previous: Bool) async throws(NodeViewFailure) -> ContainerLocation {
        guard let machine = await pods.machine(ofPod: pod, uid: uid) else {
            throw NodeViewFailure(.notFound, "pod \"\(pod.name)\" in namespace \"\(pod.namespace)\" is not on this node")
        }
        guard let record = machine.containers.first(where: { $0.name == name }) else {
            throw NodeViewFailure(.notFound, "container \"\(name)\" is not in pod \"\(pod.name)\"")
        }
        let current = record.running?.id ?? record.ended?.id
        guard let id = previous ? record.last?.id ?? (record.running == nil ? record.ended?.id : nil) : current, !id.isEmpty else {
            let what =
                previous
                ? "previous terminated container \"\(name)\" in pod \"\(pod.name)\" not found"
                : "container \"\(name)\" in pod \"\(pod.name)\" is waiting to start"
            throw NodeViewFailure(.notReady, what)
        }
        guard let files = await pods.files(ofContainer: id) else {
            throw NodeViewFailure(.notFound, "the log of container \"\(name)\" in pod \"\(pod.name)\" is no longer on this node")
        }
        return ContainerLocation(sandboxID: files.sandboxID, containerID: id, isRunning: record.running?.id == id, logPath: files.logPath)
    }

    package func sandbox(ofPod pod: ObjectKey, uid: String?) async throws(NodeViewFailure) -> String {
        guard let machine = await pods.machine(ofPod: pod, uid: uid) else {
            throw NodeViewFailure(.notFound, "pod \"\(pod.name)\" in namespace \"\(pod.namespace)\" is not on this node")
        }
        guard let id = machine.readySandbox else {
            throw NodeViewFailure(.notReady, "pod \"\(pod.name)\" does not run: it has no sandbox now")
        }
        return id
    }

    package func health() async -> [HealthCheck] {
        let checks = self.checks
        for check in checks { serviceLevels.count(.healthChecks, check.name, check.problem == nil ? "success" : "error", "healthz") }
        return checks
    }

    /// The same for a reader who asks nothing: kubelet's list, and the volumes. An answer at all is the proof of the first two.
    package var checks: [HealthCheck] {
        ["ping", "log", NodeHealth.syncLoop, NodeHealth.volumes].map { HealthCheck(name: $0, problem: health.problem(of: $0)) }
    }

    package func node() async -> Node? { reporter.ownNode ?? reporter.node }

    package func summary() async -> NodeSummary {
        var phases: [String: Int] = [:]
        for pod in await pods.pods() { phases[pod.status?.phase?.rawValue ?? "Pending", default: 0] += 1 }
        let problem = readiness.problem
        let contact = client.timeSinceLastContact?.inSeconds
        return NodeSummary(
            nodeName: settings.name, version: settings.swiftletVersion, isReady: problem == nil, readyMessage: problem ?? "ready",
            apiServer: client.access.server.description, apiServerLastContact: contact, podsByPhase: phases,
            podCIDRs: reporter.podRanges, startedAt: startedAt)
    }
}
