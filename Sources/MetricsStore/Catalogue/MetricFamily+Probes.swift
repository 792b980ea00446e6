/// Probes.
extension MetricFamily {
    package static let probeDuration = histogram(
        "prober_probe_duration_seconds",
        "[ALPHA] Duration in seconds for a probe response.", labels: ["container", "namespace", "pod", "probe_type"], bounds: Buckets.standard)
    package static let probes = counter(
        "prober_probe_total",
        "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.",
        labels: ["container", "namespace", "pod", "pod_uid", "probe_type", "result"])
}
