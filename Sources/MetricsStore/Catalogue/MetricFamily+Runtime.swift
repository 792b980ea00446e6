/// Sandboxes, containers, images and volumes.
extension MetricFamily {
    package static let cgroupVersion = gauge(
        "kubelet_cgroup_version",
        "[ALPHA] cgroup version on the hosts.")
    package static let imageGarbageCollected = counter(
        "kubelet_image_garbage_collected_total",
        "[ALPHA] Total number of images garbage collected by the kubelet, whether through disk usage or image age.", labels: ["reason"])
    package static let imagePull = histogram(
        "kubelet_image_pull_duration_seconds",
        "[ALPHA] Duration in seconds to pull an image.", labels: ["image_size_in_bytes"],
        bounds: [1, 5, 10, 20, 30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600])
    package static let runSandbox = histogram(
        "kubelet_run_podsandbox_duration_seconds",
        "[ALPHA] Duration in seconds of the run_podsandbox operations. Broken down by RuntimeClass.Handler.", labels: ["runtime_handler"],
        bounds: Buckets.standard)
    package static let runSandboxErrors = counter(
        "kubelet_run_podsandbox_errors_total",
        "[ALPHA] Cumulative number of the run_podsandbox operation errors by RuntimeClass.Handler.", labels: ["runtime_handler"])
    package static let runtimeOperations = counter(
        "kubelet_runtime_operations_total",
        "[ALPHA] Cumulative number of runtime operations by operation type.", labels: ["operation_type"])
    package static let runtimeOperationsErrors = counter(
        "kubelet_runtime_operations_errors_total",
        "[ALPHA] Cumulative number of runtime operation errors by operation type.", labels: ["operation_type"])
    package static let runtimeOperationsDuration = histogram(
        "kubelet_runtime_operations_duration_seconds",
        "[ALPHA] Duration in seconds of runtime operations. Broken down by operation type.", labels: ["operation_type"],
        bounds: Buckets.exponential(from: 0.005, factor: 2.5, count: 14))
    package static let storageOperation = histogram(
        "storage_operation_duration_seconds",
        "[ALPHA] Storage operation duration", labels: ["migrated", "operation_name", "status", "volume_plugin"],
        bounds: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600])
    package static let totalVolumes = gauge(
        "volume_manager_total_volumes",
        "[ALPHA] Number of volumes in Volume Manager", labels: ["plugin_name", "state"])
}
