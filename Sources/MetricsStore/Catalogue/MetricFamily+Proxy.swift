/// Services.
extension MetricFamily {
    package static let proxyProgramming = histogram(
        "kubeproxy_network_programming_duration_seconds",
        "[ALPHA] In Cluster Network Programming Latency in seconds", labels: ["ip_family"], bounds: Buckets.programming)
    package static let proxySync = histogram(
        "kubeproxy_sync_proxy_rules_duration_seconds",
        "[ALPHA] SyncProxyRules latency in seconds", labels: ["ip_family"], bounds: Buckets.exponential(from: 0.001, factor: 2, count: 15))
    package static let proxyFullSync = histogram(
        "kubeproxy_sync_full_proxy_rules_duration_seconds",
        "[ALPHA] SyncProxyRules latency in seconds for full resyncs", labels: ["ip_family"],
        bounds: Buckets.exponential(from: 0.001, factor: 2, count: 15))
    package static let proxyPartialSync = histogram(
        "kubeproxy_sync_partial_proxy_rules_duration_seconds",
        "[ALPHA] SyncProxyRules latency in seconds for partial resyncs", labels: ["ip_family"],
        bounds: Buckets.exponential(from: 0.001, factor: 2, count: 15))
    package static let proxySyncFailures = counter(
        "kubeproxy_sync_proxy_rules_nftables_sync_failures_total",
        "[ALPHA] Cumulative proxy nftables sync failures", labels: ["ip_family"])
    package static let proxyEndpointChangesPending = gauge(
        "kubeproxy_sync_proxy_rules_endpoint_changes_pending",
        "[ALPHA] Pending proxy rules Endpoint changes")
    package static let proxyEndpointChanges = counter(
        "kubeproxy_sync_proxy_rules_endpoint_changes_total",
        "[ALPHA] Cumulative proxy rules Endpoint changes")
    package static let proxyServiceChangesPending = gauge(
        "kubeproxy_sync_proxy_rules_service_changes_pending",
        "[ALPHA] Pending proxy rules Service changes")
    package static let proxyServiceChanges = counter(
        "kubeproxy_sync_proxy_rules_service_changes_total",
        "[ALPHA] Cumulative proxy rules Service changes")
    package static let proxyLastQueued = gauge(
        "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds",
        "[ALPHA] The last time a sync of proxy rules was queued", labels: ["ip_family"])
    package static let proxyLastSync = gauge(
        "kubeproxy_sync_proxy_rules_last_timestamp_seconds",
        "[ALPHA] The last time proxy rules were successfully synced", labels: ["ip_family"])
    package static let proxyNoLocalEndpoints = gauge(
        "kubeproxy_sync_proxy_rules_no_local_endpoints_total",
        "[ALPHA] Number of services with a Local traffic policy and no endpoints", labels: ["ip_family", "traffic_policy"])
    package static let proxyHealthz = counter(
        "kubeproxy_proxy_healthz_total",
        "[ALPHA] Cumulative proxy healthz HTTP status", labels: ["code"])
    package static let proxyLivez = counter(
        "kubeproxy_proxy_livez_total",
        "[ALPHA] Cumulative proxy livez HTTP status", labels: ["code"])
}
