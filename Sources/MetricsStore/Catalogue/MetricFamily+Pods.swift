/// Pods and their lives.
extension MetricFamily {
    package static let activePods = gauge(
        "kubelet_active_pods",
        "[ALPHA] The number of pods the kubelet considers active and which are being considered when admitting new pods. static "
            + "is true if the pod is not from the apiserver.", labels: ["static"])
    package static let admissionRejections = counter(
        "kubelet_admission_rejections_total",
        "[ALPHA] Cumulative number pod admission rejections by the Kubelet.", labels: ["reason"])
    package static let desiredPods = gauge(
        "kubelet_desired_pods",
        "[ALPHA] The number of pods the kubelet is being instructed to run. static is true if the pod is not from the apiserver.", labels: ["static"])
    package static let managedEphemeralContainers = gauge(
        "kubelet_managed_ephemeral_containers",
        "[ALPHA] Current number of ephemeral containers in pods managed by this kubelet.")
    package static let mirrorPods = gauge(
        "kubelet_mirror_pods",
        "[ALPHA] The number of mirror pods the kubelet will try to create (one per admitted static pod)")
    package static let podStart = histogram(
        "kubelet_pod_start_duration_seconds",
        "[ALPHA] Duration in seconds from kubelet seeing a pod for the first time to the pod starting to run", bounds: Buckets.podStart)
    package static let podStartServiceLevel = histogram(
        "kubelet_pod_start_sli_duration_seconds",
        "[ALPHA] Duration in seconds to start a pod, excluding time to pull images and run init containers, measured from pod "
            + "creation timestamp to when all its containers are reported as started and observed via watch", bounds: Buckets.podStart)
    package static let podStartTotal = histogram(
        "kubelet_pod_start_total_duration_seconds",
        "[ALPHA] Duration in seconds to start a pod since creation, including time to pull images and run init containers, "
            + "measured from pod creation timestamp to when all its containers are reported as started and observed via watch",
        bounds: Buckets.podStart)
    package static let podWorker = histogram(
        "kubelet_pod_worker_duration_seconds",
        "[ALPHA] Duration in seconds to sync a single pod. Broken down by operation type: create, update, or sync", labels: ["operation_type"],
        bounds: Buckets.standard)
    package static let podWorkerStart = histogram(
        "kubelet_pod_worker_start_duration_seconds",
        "[ALPHA] Duration in seconds from kubelet seeing a pod to starting a worker.", bounds: Buckets.standard)
    package static let restartedPods = counter(
        "kubelet_restarted_pods_total",
        "[ALPHA] Number of pods that have been restarted because they were deleted and recreated with the same UID while the "
            + "kubelet was watching them (common for static pods, extremely uncommon for API pods)", labels: ["static"])
    package static let runningContainers = gauge(
        "kubelet_running_containers",
        "[ALPHA] Number of containers currently running", labels: ["container_state"])
    package static let runningPods = gauge(
        "kubelet_running_pods",
        "[ALPHA] Number of pods that have a running pod sandbox")
    package static let startedContainers = counter(
        "kubelet_started_containers_total",
        "[ALPHA] Cumulative number of containers started", labels: ["container_type"])
    package static let startedContainersErrors = counter(
        "kubelet_started_containers_errors_total",
        "[ALPHA] Cumulative number of errors when starting containers", labels: ["code", "container_type"])
    package static let startedPods = counter(
        "kubelet_started_pods_total",
        "[ALPHA] Cumulative number of pods started")
    package static let startedPodsErrors = counter(
        "kubelet_started_pods_errors_total",
        "[ALPHA] Cumulative number of errors when starting pods")
    package static let workingPods = gauge(
        "kubelet_working_pods",
        "[ALPHA] Number of pods the kubelet is actually running, broken down by lifecycle phase, whether the pod is desired, "
            + "orphaned, or runtime only (also orphaned), and whether the pod is static. An orphaned pod has been removed from local "
            + "configuration or force deleted in the API and consumes resources that are not otherwise visible.",
        labels: ["config", "lifecycle", "static"])
    package static let requestedResizes = counter(
        "kubelet_container_requested_resizes_total",
        "[ALPHA] Number of requested resizes, counted at the container level. Different resources on the same container are "
            + "counted separately. The 'requirement' label refers to 'memory' or 'limits'; the 'operation' label can be one of 'add', "
            + "'remove', 'increase' or 'decrease'.", labels: ["operation", "requirement", "resource"])
    package static let evictions = counter(
        "kubelet_evictions",
        "[ALPHA] Cumulative number of pod evictions by eviction signal", labels: ["eviction_signal"])
    package static let preemptions = counter(
        "kubelet_preemptions",
        "[ALPHA] Cumulative number of pod preemptions by preemption resource", labels: ["preemption_signal"])
}
