import Addresses
import Exposition
import KubeModel
import Logging
import MetricsStore
import TestSupport
import Testing
import Timing

@testable import ProxyAgent
@testable import ProxyCore

@Suite(.timeLimit(.minutes(1))) struct ProxyMetricsTests {
    private func text(_ write: (inout ExpositionWriter) -> Void) -> String {
        var writer = ExpositionWriter()
        write(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("a sync is timed for both families, a full one and a partial one apart, and changes of endpoints by their own times")
    func syncs() {
        let registry = MetricsRegistry(Catalogue.proxy)
        var meter = SyncMeter()
        func end(_ seconds: Double) {
            meter.end(at: Moment(wall: Timestamp(seconds: 1_800_000_010), monotonic: .seconds(seconds)), registry)
        }
        meter.begin(isFull: true, triggers: [], at: .seconds(1))
        end(3)
        var slice = EndpointSlice(metadata: ObjectMeta(name: "s", namespace: "n"), addressType: "IPv4", endpoints: [], ports: [])
        #expect(SyncMeter.Trigger(slice) == nil)
        slice.metadata.annotations = [EndpointSlice.changeTime: "2027-01-15T08:00:08.5Z"]
        meter.begin(isFull: false, triggers: [slice].compactMap(SyncMeter.Trigger.init), at: .seconds(5))
        // A second attempt goes on with the first.
        meter.begin(isFull: false, triggers: [], at: .seconds(6))
        end(6)
        // A sync without work is none.
        end(9)
        let text = text { registry.write(into: &$0) }
        for family in ["IPv4", "IPv6"] {
            #expect(text.contains("kubeproxy_sync_proxy_rules_duration_seconds_count{ip_family=\"\(family)\"} 2\n"))
            #expect(text.contains("kubeproxy_sync_full_proxy_rules_duration_seconds_sum{ip_family=\"\(family)\"} 2\n"))
            #expect(text.contains("kubeproxy_sync_partial_proxy_rules_duration_seconds_sum{ip_family=\"\(family)\"} 1\n"))
        }
        #expect(text.contains("kubeproxy_network_programming_duration_seconds_sum{ip_family=\"IPv4\"} 1.5\n"))
        #expect(!text.contains("kubeproxy_network_programming_duration_seconds_sum{ip_family=\"IPv6\"}"))
    }

    @Test("a proxy that runs records its syncs and shows its state")
    func running() async throws {
        let (source, store, time) = (SettableServiceSource(), MemoryRulesetStore(), ManualTime())
        let registry = MetricsRegistry(Catalogue.proxy)
        let agent = ProxyAgent(source: source, store: store, conntrack: nil, metrics: registry, logger: .silent, time: time)
        source.set(["a": ["10.0.0.1"]])
        try await whileRunning({ try? await agent.run() }) {
            try await eventually("the first sync") { agent.entries.count == 1 && agent.status.syncs == 1 }
            source.set(["a": ["10.0.0.1"], "b": ["10.0.0.2"]])
            try await eventually("the second sync") { agent.entries.count == 2 && agent.status.syncs >= 2 }
        }
        let text = text { writer in
            registry.write(into: &writer)
            ProxyMetrics.write(agent.status, agent.localEndpointGaps, pending: (services: 2, slices: 3), into: &writer)
        }
        #expect(text.contains("kubeproxy_sync_full_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} "))
        #expect(text.contains("kubeproxy_sync_partial_proxy_rules_duration_seconds_count{ip_family=\"IPv4\"} "))
        #expect(text.contains("kubeproxy_sync_proxy_rules_last_timestamp_seconds{ip_family=\"IPv6\"} "))
        #expect(text.contains("kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds{ip_family=\"IPv4\"} "))
        #expect(text.contains("kubeproxy_sync_proxy_rules_service_changes_pending 2\n"))
        #expect(text.contains("kubeproxy_sync_proxy_rules_endpoint_changes_pending 3\n"))
        #expect(text.contains("kubeproxy_sync_proxy_rules_nftables_sync_failures_total{ip_family=\"IPv4\"} 0\n"))
    }

    @Test("Services whose policy finds no endpoint of this node are counted by policy and family")
    func noLocalEndpoints() {
        var entry = ServiceEntry(
            name: ServicePortName(namespace: "n", service: "s", port: "", transport: .tcp), clusterIP: .init("10.96.0.1")!, port: 80, endpoints: [])
        entry.hasEndpoints = true
        entry.externalPolicy = .local
        entry.internalPolicy = .local
        var gaps = LocalEndpointGaps()
        gaps.add([entry, entry])
        gaps.remove([entry])
        let text = text { ProxyMetrics.write(ProxyStatus(), gaps, pending: (0, 0), into: &$0) }
        let name = "kubeproxy_sync_proxy_rules_no_local_endpoints_total"
        #expect(text.contains("\(name){ip_family=\"IPv4\",traffic_policy=\"internal\"} 1\n"))
        // Nothing outside can reach it.
        #expect(text.contains("\(name){ip_family=\"IPv4\",traffic_policy=\"external\"} 0\n"))
        #expect(text.contains("\(name){ip_family=\"IPv6\",traffic_policy=\"internal\"} 0\n"))
    }
}
