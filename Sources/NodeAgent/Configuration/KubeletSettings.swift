package import KubeModel
package import PodCore

/// The fields of `KubeletConfiguration` that this agent acts on.
package struct KubeletSettings: Sendable, Hashable {
    package enum AuthorizationMode: String, Sendable, CaseIterable {
        case alwaysAllow = "AlwaysAllow"
        case webhook = "Webhook"
    }

    // The node's HTTPS endpoint.
    package var address = "0.0.0.0"
    package var port = 10250
    package var healthzBindAddress = "127.0.0.1"
    /// 0 turns it off.
    package var healthzPort = 10248
    /// An exec or attach without a byte in either direction for this long is ended.
    package var streamingConnectionIdleTimeout = Duration.seconds(4 * 3600)
    /// The certificate of the endpoint is requested from the cluster, and renewed.
    package var serverTLSBootstrap = false
    package var tlsMinVersion = TLSVersion.tls12
    /// Numbers of IANA's registry, for TLS 1.2 and below.
    package var tlsCipherSuites = KubeletSettings.defaultCipherSuites
    /// Nil means a self-signed certificate of its own.
    package var tlsCertFile: String?
    package var tlsPrivateKeyFile: String?
    /// Renews the client certificate before it ends.
    package var rotateCertificates = false
    package var anonymousAuthentication = false
    /// False means that bearer tokens are not accepted.
    package var webhookAuthentication = true
    package var webhookAuthenticationCacheTTL = Duration.seconds(120)
    /// Signs the certificates of clients; nil means that client certificates are not accepted.
    package var clientCAFile: String?
    package var authorizationMode = AuthorizationMode.webhook
    package var cacheAuthorizedTTL = Duration.seconds(300)
    package var cacheUnauthorizedTTL = Duration.seconds(30)

    /// False closes streams to containers, their logs, the node's own logs, the running pods, this configuration and the page about the node.
    package var enableDebuggingHandlers = true
    /// The node's own logs are read at `/logs/`.
    package var enableSystemLogHandler = true
    /// Also the entries of services there.
    package var enableSystemLogQuery = false

    // The API server.
    // More than kubelet's 50 and 100, so that pods that start together do not wait for each other; the API server keeps its own balance.
    package var kubeAPIQPS = 200
    package var kubeAPIBurst = 400
    package var eventRecordQPS = 50
    package var eventBurst = 100

    /// The longest pause before a container that keeps ending is started again.
    package var maxContainerRestartPeriod = Duration.seconds(300)

    // The node object.
    package var registerNode = true
    package var registerWithTaints: [NodeTaint] = []
    package var providerID: String?
    package var nodeStatusUpdateFrequency = Duration.seconds(10)
    package var nodeStatusReportFrequency = Duration.seconds(300)
    package var nodeLeaseDurationSeconds = 40
    /// -1 means all.
    package var nodeStatusMaxImages = 50
    package var maxPods = 110
    /// Comma-separated, one of each family; empty means the control plane's ranges. `network.podCIDR` comes first.
    package var podCIDR = ""

    // The resources for pods.
    package var systemReserved: [String: Quantity] = [:]
    package var kubeReserved: [String: Quantity] = [:]
    package var evictionHard: [EvictionSignal: EvictionAmount] = KubeletSettings.defaultEvictionHard
    package var evictionSoft: [EvictionSignal: EvictionAmount] = [:]
    /// One for each signal of `evictionSoft`.
    package var evictionSoftGracePeriod: [EvictionSignal: Duration] = [:]
    package var evictionMinimumReclaim: [EvictionSignal: EvictionAmount] = [:]
    package var evictionPressureTransitionPeriod = Duration.seconds(300)
    /// Seconds.
    package var evictionMaxPodGracePeriod = 0
    /// When images that no container uses are removed.
    package var imageCollection = ImageCollectionPolicy()

    // Images.
    // Without a limit by default, so that one slow registry never holds up the pods of the others.
    package var imagePulls = ImagePullLimits(rate: 5, burst: 10)
    /// When pods have to prove that they may use an image of the node.
    package var imageVerification = ImageVerification()

    // Pods.
    /// The folder of static pods' manifests; nil means no static pods.
    package var staticPodPath: String?
    package var fileCheckFrequency = Duration.seconds(20)
    /// The times that pods get when the machine shuts down; empty: none.
    package var shutdown = ShutdownPlan([])
    package var clusterDNS: [String] = []
    package var clusterDomain = ""
    /// Empty means that pods get no resolver of the host.
    package var resolvConf = ResolverConfiguration.defaultPath
    package var podLogsDir = "/var/log/pods"
    package var containerLogMaxSize = Quantity(bytes: 10 << 20)
    package var containerLogMaxFiles = 5
    /// -1 means no limit.
    package var podPidsLimit = -1
    package var cpuCFSQuota = true
    package var cpuCFSQuotaPeriod = Duration.milliseconds(100)
    package var singleProcessOOMKill = false
    /// True makes a machine with swap an error.
    package var failSwapOn = true
    package var swapBehavior = ResourceRules.SwapBehavior.noSwap
    package var enforceNodeAllocatable = NodeResources.Enforcement.pods
    /// True makes unexpected kernel parameters an error, and changes nothing.
    package var protectKernelDefaults = false
    package var seccompDefault = false
    /// The safe kernel parameters, and those of `allowedUnsafeSysctls`.
    package var sysctls = SysctlRules()
    package var cgroupRoot = "/"

    package init() {}

    static let defaultEvictionHard: [EvictionSignal: EvictionAmount] = [
        .memoryAvailable: .quantity(Quantity(bytes: 100 << 20)), .nodeFileSystemAvailable: .fraction(0.1),
        .nodeFileSystemInodesFree: .fraction(0.05), .imageFileSystemAvailable: .fraction(0.15), .imageFileSystemInodesFree: .fraction(0.05),
    ]
}
