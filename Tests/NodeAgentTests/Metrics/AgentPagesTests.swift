import Exposition
import KubeModel
import MetricsStore
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

/// The agent's pages, of a fake node with a pod that runs.
@Suite("Pages of metrics", .timeLimit(.minutes(1)))
struct AgentPagesTests {
    private let bench = NodeBench()

    private func pages(
        _ certificates: CertificateFigures = CertificateFigures(), claims: [ClaimFigures] = [], settings: KubeletSettings = KubeletSettings()
    ) -> AgentPages {
        AgentPages(
            .init(
                pods: bench.manager, version: { "v1.36.2" }, events: bench.recorder,
                health: { [HealthCheck(name: "ping", problem: nil), HealthCheck(name: "syncloop", problem: "stuck")] },
                certificates: { certificates }, claims: { claims }, recorded: bench.metrics, serviceLevels: MetricsRegistry(Catalogue.serviceLevels)),
            nodeName: "node-1", settings: settings, time: bench.time)
    }

    private func text(_ page: MetricsPage, _ pages: AgentPages) async -> String {
        String(decoding: await pages.metrics(page), as: UTF8.self)
    }

    /// Runs one pod with probes and returns the pages while it runs.
    private func running(_ body: (AgentPages) async throws -> Void) async throws {
        let pod = NodeBench.pod { pod in
            pod.metadata.creationTimestamp = bench.time.wallTime()
            pod.spec.containers[0].readinessProbe = try? Self.probe()
        }
        try await bench.run {
            bench.list([pod])
            await bench.statuses.wait { $0.contains { $0.contains("Running") } }
            try await eventually("a probe") { await !bench.manager.probeTallies().isEmpty }
            try await body(pages())
        }
    }

    private static func probe() throws -> Probe { try Wire.decode(Probe.self, #"{"tcpSocket":{"port":80},"periodSeconds":10}"#) }

    /// Families with their types and label names, as kubelet 1.36 prints them.
    private static let wanted: [(name: String, kind: String, labels: [String])] = [
        ("kubelet_node_name", "gauge", ["node"]), ("kubelet_running_pods", "gauge", []), ("kubelet_running_containers", "gauge", ["container_state"]),
        ("kubelet_desired_pods", "gauge", ["static"]), ("kubelet_active_pods", "gauge", ["static"]), ("kubelet_mirror_pods", "gauge", []),
        ("kubelet_working_pods", "gauge", ["config", "lifecycle", "static"]), ("kubelet_managed_ephemeral_containers", "gauge", []),
        ("kubelet_cgroup_version", "gauge", []), ("kubelet_pod_start_duration_seconds", "histogram", ["le"]),
        ("kubelet_pod_start_sli_duration_seconds", "histogram", ["le"]), ("kubelet_pod_start_total_duration_seconds", "histogram", ["le"]),
        ("kubelet_pod_worker_duration_seconds", "histogram", ["le", "operation_type"]),
        ("kubelet_pod_worker_start_duration_seconds", "histogram", ["le"]), ("kubelet_started_pods_total", "counter", []),
        ("kubelet_started_pods_errors_total", "counter", []), ("kubelet_started_containers_total", "counter", ["container_type"]),
        ("kubelet_restarted_pods_total", "counter", ["static"]), ("kubelet_run_podsandbox_duration_seconds", "histogram", ["le", "runtime_handler"]),
        (
            "kubernetes_build_info", "gauge",
            [
                "build_date", "compiler", "git_commit", "git_tree_state", "git_version", "go_version", "major", "minor", "platform",
            ]
        ),
        ("process_cpu_seconds_total", "counter", []), ("process_resident_memory_bytes", "gauge", []), ("process_virtual_memory_bytes", "gauge", []),
        ("process_virtual_memory_max_bytes", "gauge", []), ("process_open_fds", "gauge", []), ("process_max_fds", "gauge", []),
        ("process_start_time_seconds", "gauge", []), ("swiftlet_events_lost_total", "counter", ["reason"]),
    ]

    @Test("/metrics has kubelet's families with their types and labels")
    func families() async throws {
        try await running { pages in
            let page = try ParsedExposition(await text(.agent, pages))
            for (name, kind, labels) in Self.wanted {
                let family = try #require(page.families[name], "\(name) is missing")
                #expect(family.kind == kind && family.labels == Set(labels), "\(name): \(family.kind) \(family.labels.sorted())")
            }
        }
    }

    @Test("a family that is said to be missing is missing, with a reason")
    func lacking() async throws {
        try await running { pages in
            let page = try ParsedExposition(await text(.agent, pages))
            for (prefix, reason) in LackingFamilies.reasons {
                #expect(!page.families.keys.contains { $0.hasPrefix(prefix) } && !reason.isEmpty, "\(prefix)")
                #expect(!Self.wanted.contains { $0.name.hasPrefix(prefix) }, "\(prefix)")
            }
        }
    }

    @Test("what the node does moves the figures")
    func values() async throws {
        try await running { pages in
            let page = try ParsedExposition(await text(.agent, pages))
            #expect(page["kubelet_node_name{node=\"node-1\"}"] == 1)
            #expect(page["kubelet_running_pods"] == 1 && page["kubelet_desired_pods{static=\"\"}"] == 1)
            #expect(page["kubelet_active_pods{static=\"\"}"] == 1 && page["kubelet_mirror_pods"] == 0)
            #expect(page["kubelet_running_containers{container_state=\"running\"}"] == 1)
            #expect(page["kubelet_working_pods{config=\"desired\",lifecycle=\"sync\",static=\"\"}"] == 1)
            #expect(page["kubelet_started_pods_total"] == 1 && page["kubelet_started_pods_errors_total"] == 0)
            #expect(page["kubelet_started_containers_total{container_type=\"container\"}"] == 1)
            #expect(page["kubelet_pod_start_duration_seconds_count"] == 1 && page["kubelet_pod_start_total_duration_seconds_count"] == 1)
            #expect(page["kubelet_pod_start_sli_duration_seconds_count"] == 1 && page["kubelet_pod_worker_start_duration_seconds_count"] == 1)
            #expect(page["kubelet_run_podsandbox_duration_seconds_count{runtime_handler=\"\"}"] == 1)
            #expect(page["kubelet_pod_worker_duration_seconds_count{operation_type=\"create\"}"] ?? 0 >= 3)
            #expect(page["swiftlet_events_lost_total{reason=\"rejected\"}"] == 0)
        }
    }

    @Test("probes are counted beside the pod, and go with it")
    func probes() async throws {
        try await running { pages in
            let labels = "container=\"main\",namespace=\"default\",pod=\"web\""
            let page = try ParsedExposition(await text(.probes, pages))
            #expect(page["prober_probe_total{\(labels),pod_uid=\"u1\",probe_type=\"Readiness\",result=\"successful\"}"] ?? 0 >= 1)
            #expect(page["prober_probe_duration_seconds_count{\(labels),probe_type=\"Readiness\"}"] ?? 0 >= 1)
            #expect(page.families["prober_probe_total"]?.kind == "counter" && page.families["prober_probe_duration_seconds"]?.kind == "histogram")
            bench.delete(NodeBench.pod())
            try await eventually("the pod's end") { await bench.manager.count == 0 }
            #expect(await text(.probes, pages).isEmpty)
        }
    }

    @Test("certificates that are not known are not shown")
    func certificates() async throws {
        #expect(await !text(.agent, pages()).contains("kubelet_certificate_manager"))
        var figures = CertificateFigures()
        figures.clientExpiry = bench.time.wallTime().advanced(bySeconds: 3600)
        figures.serverExpiry = bench.time.wallTime().advanced(bySeconds: -5)
        figures.serverRenewErrors = 2
        let page = try ParsedExposition(await text(.agent, pages(figures)))
        #expect(page["kubelet_certificate_manager_client_ttl_seconds"] == 3600)
        #expect(page["kubelet_certificate_manager_server_ttl_seconds"] == -5)
        #expect(page["kubelet_server_expiration_renew_errors"] == 2)
        #expect(page.families["kubelet_certificate_manager_client_expiration_renew_errors"] == nil)
    }

    @Test("volumes of claims are shown by namespace and claim, and nothing of them without any")
    func claims() async throws {
        #expect(await !text(.agent, pages()).contains("kubelet_volume_stats"))
        let figures = VolumeStatistics(capacityBytes: 90, availableBytes: 40, usedBytes: 50, inodes: 30, inodesFree: 10)
        let page = try ParsedExposition(
            await text(.agent, pages(claims: ["a", "b"].map { ClaimFigures(namespace: $0, claim: "data", statistics: figures) })))
        for namespace in ["a", "b"] {
            let labels = "{namespace=\"\(namespace)\",persistentvolumeclaim=\"data\"}"
            let values = ["capacity_bytes", "available_bytes", "used_bytes", "inodes", "inodes_free", "inodes_used"].map {
                page["kubelet_volume_stats_\($0)\(labels)"]
            }
            #expect(values == [90, 40, 50, 30, 10, 20])
        }
        #expect(page.families["kubelet_volume_stats_used_bytes"]?.kind == "gauge")
    }

    @Test("health checks are 1 or 0")
    func serviceLevels() async throws {
        let page = try ParsedExposition(await text(.serviceLevels, pages()))
        #expect(page["kubernetes_healthcheck{name=\"ping\",type=\"healthz\"}"] == 1)
        #expect(page["kubernetes_healthcheck{name=\"syncloop\",type=\"healthz\"}"] == 0)
    }

    @Test("running pods have their names and running containers alone")
    func runningPods() async throws {
        try await running { pages in
            let pods = await pages.runningPods()
            #expect(pods.map(\.name) == ["web"] && pods.map(\.uid) == ["u1"] && pods.first?.status == nil)
            #expect(pods.first?.spec.containers.map(\.name) == ["main"])
        }
    }
}
