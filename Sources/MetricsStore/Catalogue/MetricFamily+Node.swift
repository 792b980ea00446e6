/// The node, its endpoint and the program itself.
extension MetricFamily {
    package static let nodeName = gauge(
        "kubelet_node_name",
        "[ALPHA] The node's name. The count is always 1.", labels: ["node"])
    package static let httpInflight = gauge(
        "kubelet_http_inflight_requests",
        "[ALPHA] Number of the inflight http requests", labels: ["long_running", "method", "path", "server_type"])
    package static let httpRequests = counter(
        "kubelet_http_requests_total",
        "[ALPHA] Number of the http requests received since the server started", labels: ["long_running", "method", "path", "server_type"])
    package static let httpRequestsDuration = histogram(
        "kubelet_http_requests_duration_seconds",
        "[ALPHA] Duration in seconds to serve http requests", labels: ["long_running", "method", "path", "server_type"], bounds: Buckets.standard,
        limit: 200)
    package static let clientCertificateTTL = gauge(
        "kubelet_certificate_manager_client_ttl_seconds",
        "[ALPHA] Gauge of the TTL (time-to-live) of the Kubelet's client certificate. The value is in seconds until certificate "
            + "expiry (negative if already expired). If client certificate is invalid or unused, the value will be +INF.")
    package static let clientCertificateRenewErrors = counter(
        "kubelet_certificate_manager_client_expiration_renew_errors",
        "[ALPHA] Counter of certificate renewal errors.")
    package static let serverCertificateTTL = gauge(
        "kubelet_certificate_manager_server_ttl_seconds",
        "[ALPHA] Gauge of the shortest TTL (time-to-live) of the Kubelet's serving certificate. The value is in seconds until "
            + "certificate expiry (negative if already expired). If serving certificate is invalid or unused, the value will be +INF.")
    package static let serverCertificateRenewErrors = counter(
        "kubelet_server_expiration_renew_errors",
        "[ALPHA] Counter of certificate renewal errors.")
    /// swiftlet's own.
    package static let lostEvents = counter(
        "swiftlet_events_lost_total",
        "Events that the API server never got, by the reason.", labels: ["reason"])
    package static let buildInfo = gauge(
        "kubernetes_build_info",
        "[BETA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, "
            + "Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        labels: ["build_date", "compiler", "git_commit", "git_tree_state", "git_version", "go_version", "major", "minor", "platform"])
    package static let processCPU = counter(
        "process_cpu_seconds_total",
        "Total user and system CPU time spent in seconds.")
    package static let processMaxDescriptors = gauge(
        "process_max_fds",
        "Maximum number of open file descriptors.")
    package static let processOpenDescriptors = gauge(
        "process_open_fds",
        "Number of open file descriptors.")
    package static let processResidentMemory = gauge(
        "process_resident_memory_bytes",
        "Resident memory size in bytes.")
    package static let processStart = gauge(
        "process_start_time_seconds",
        "Start time of the process since unix epoch in seconds.")
    package static let processVirtualMemory = gauge(
        "process_virtual_memory_bytes",
        "Virtual memory size in bytes.")
    package static let processVirtualMemoryMax = gauge(
        "process_virtual_memory_max_bytes",
        "Maximum amount of virtual memory available in bytes.")
    package static let healthCheck = gauge(
        "kubernetes_healthcheck",
        "[STABLE] This metric records the result of a single healthcheck.", labels: ["name", "type"])
    package static let healthChecks = counter(
        "kubernetes_healthchecks_total",
        "[STABLE] This metric records the results of all healthcheck.", labels: ["name", "status", "type"])
}
