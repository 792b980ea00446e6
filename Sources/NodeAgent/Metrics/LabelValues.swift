import PodCore

/// The values of labels that kubelet chooses from fixed lists, so that a metric has few series.
enum LabelValues {
    /// Why pods were not admitted: any other reason is `Other`.
    private static let rejections: Set<String> = [
        "AppArmor", "PodOSSelectorNodeLabelDoesNotMatch", "PodOSNotSupported", "InvalidNodeInfo", "InitContainerRestartPolicyForbidden",
        "SupplementalGroupsPolicyNotSupported", "UnexpectedAdmissionError", "UnknownReason", "UnexpectedPredicateFailureType", "OutOfcpu",
        "OutOfmemory", "OutOfephemeral-storage", "OutOfpods", "Evicted", "SysctlForbidden", "TopologyAffinityError", "NodeShutdown",
    ]

    static func rejection(_ reason: String) -> String { rejections.contains(reason) ? reason : "Other" }

    /// `container_type` of a container; sidecars are init containers.
    static func type(of role: ContainerConfiguration.Role) -> String {
        switch role {
        case .regular: "container"
        case .initial: "init_container"
        case .ephemeral: "ephemeral_container"
        }
    }

    private static let sizes: [(from: Int64, name: String)] = [
        (100 << 30, "GT100GB"), (60 << 30, "60GB-100GB"), (40 << 30, "40GB-60GB"), (30 << 30, "30GB-40GB"), (20 << 30, "20GB-30GB"),
        (10 << 30, "10GB-20GB"), (5 << 30, "5GB-10GB"), (1 << 30, "1GB-5GB"), (500 << 20, "500MB-1GB"), (100 << 20, "100MB-500MB"),
        (10 << 20, "10MB-100MB"),
    ]

    /// `image_size_in_bytes` of an image.
    static func imageSize(_ bytes: Int64) -> String { sizes.first { bytes >= $0.from }?.name ?? "0-10MB" }

    /// `code` of a container that could not be started.
    static func code(_ problem: ContainerProblem) -> String {
        switch problem.kind {
        case .configuration: WaitingReason.createContainerConfigError.rawValue
        case .create: WaitingReason.createContainerError.rawValue
        case .start: WaitingReason.runContainerError.rawValue
        case .sandboxGone: "KillPodSandboxError"
        }
    }

    /// `operation_type` of a worker's step.
    /// - Parameter hasStarted: the pod has been shown running.
    static func step(_ action: PodAction, isEnding: Bool, hasStarted: Bool) -> String {
        switch action {
        case .cleanUp, .removeSandboxes, .removeRemains: "terminated"
        case .refreshVolumes, .applyResize: "update"
        default: isEnding ? "terminating" : hasStarted ? "sync" : "create"
        }
    }
}
