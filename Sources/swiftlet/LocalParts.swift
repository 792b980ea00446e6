import ImageStore
import KubeClient
import KubeModel
import LinuxCgroups
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Logging
import NodeAgent
import PodCore
import PodNetwork
import PodRuntime
import PodVolumes
import Timing

/// What works without an API server: runtime, images, network, volumes.
struct LocalParts: Sendable {
    let configuration: AgentConfiguration
    let runtime: ShimRuntime
    let images: ImageStore
    let hostPorts: HostPortForwarder
    let network: PodNetwork
    let volumes: PodVolumes
    let folders: PodFolderStore
    let host: KernelHost
    let resources: ResourceRules
    let time = SystemTime()

    init(_ configuration: AgentConfiguration, logger: Logger) async throws {
        self.configuration = configuration
        let process = configuration.process
        let swiftlet = configuration.swiftlet
        try Directories.make(process.runDirectory, mode: 0o755)
        try Directories.make(process.stateDirectory, mode: 0o711)
        let cgroups = try CgroupTree(root: try Self.cgroupRoot(configuration), requireControllers: swiftlet.requireControllers)
        let runtimeSettings = ShimRuntimeSettings(
            runDirectory: process.runDirectory, stateDirectory: process.stateDirectory, cgroups: cgroups, shimProgram: swiftlet.shimPath,
            spawnerPatience: Self.spawnerPatience, pauseProgram: swiftlet.pausePath, userIDs: SubordinateIDs(maxPods: configuration.kubelet.maxPods))
        runtime = try ShimRuntime(runtimeSettings, logger: logger)
        let hosts = swiftlet.registries.mapValues { RegistryConfiguration.Host(endpoints: $0.mirrors, insecure: $0.insecure, caFile: $0.caFile) }
        images = try await ImageStore.open(directory: swiftlet.imageRoot, registries: RegistryConfiguration(hosts: hosts), logger: logger)
        hostPorts = HostPortForwarder(store: try KernelRulesetStore(), conntrack: try ConntrackTable(), logger: logger, time: time)
        network = PodNetwork(
            settings: NetworkSettings(
                bridge: swiftlet.network.bridge, mtu: swiftlet.network.mtu == 0 ? nil : UInt32(swiftlet.network.mtu),
                stateDirectory: process.runDirectory + "/network"), hostPorts: hostPorts)
        volumes = PodVolumes(root: process.rootDirectory)
        folders = PodFolderStore(root: process.rootDirectory, logs: configuration.kubelet.podLogsDir)
        let problem = runtime.userNamespaceProblem
        if let problem {
            logger.notice("Pods with hostUsers: false cannot run here, or not with every volume.", metadata: ["reason": "\(problem)"])
        }
        host = KernelHost(network: network, rootDirectory: process.rootDirectory, supportsUserNamespaces: problem == nil)
        resources = try Self.resourceRules(configuration.kubelet)
    }

    /// A service manager that waits to be told of this process is taken to have the spawner as well: see swiftlet-spawner.service.
    private static var spawnerPatience: Duration { SystemdNotification() == nil ? .zero : .seconds(3) }

    private static func resourceRules(_ kubelet: KubeletSettings) throws -> ResourceRules {
        let memory = try HostFacts.memory()
        return ResourceRules(
            podPidsLimit: kubelet.podPidsLimit < 0 ? nil : Int64(kubelet.podPidsLimit), enforcesCPULimits: kubelet.cpuCFSQuota,
            cpuPeriod: kubelet.cpuCFSQuotaPeriod.nanoseconds / 1000, swap: kubelet.swapBehavior, killsTogether: !kubelet.singleProcessOOMKill,
            nodeMemory: Int64(memory.total), nodeSwap: Int64(memory.swapTotal))
    }

    /// The configured directory; else kubelet's `cgroupRoot` below the cgroup v2 mount; else what systemd has delegated to the unit
    /// that holds the pods, because everything else in the tree is systemd's own.
    private static func cgroupRoot(_ configuration: AgentConfiguration) throws -> String {
        if !configuration.swiftlet.cgroupRoot.isEmpty { return configuration.swiftlet.cgroupRoot }
        guard let mount = CgroupTree.mountPoint(in: try MountTable()) else {
            throw SystemError(
                code: .malformed, call: "find cgroup v2", path: "/proc/self/mountinfo",
                detail: "found no cgroup2 mount, wanted one at /sys/fs/cgroup; boot with systemd.unified_cgroup_hierarchy=1")
        }
        let root = configuration.kubelet.cgroupRoot
        guard root == "/" || root.isEmpty else { return mount + (root.hasPrefix("/") ? root : "/" + root) }
        // The second is where systemd puts a unit whose Slice= somebody has taken away.
        for delegated in ["/swiftlet-pods.service", "/system.slice/swiftlet-pods.service"]
        where try FileStatus.ifPresent(mount + delegated)?.kind == .directory {
            return mount + delegated
        }
        return mount
    }

    func nodeSettings() async throws -> NodeSettings {
        let kubelet = configuration.kubelet
        let facts = try await host.describe()
        var reserved: [String: Quantity] = kubelet.systemReserved
        for (name, quantity) in kubelet.kubeReserved { reserved[name] = reserved[name].map { $0.adding(quantity) } ?? quantity }
        return NodeSettings(
            name: configuration.process.hostnameOverride ?? facts.hostname, addresses: configuration.process.nodeIPs, port: kubelet.port,
            taints: kubelet.registerWithTaints.map { Taint(key: $0.key, value: $0.value.isEmpty ? nil : $0.value, effect: $0.effect.rawValue) },
            registers: kubelet.registerNode, providerID: kubelet.providerID, maxPods: kubelet.maxPods, reserved: reserved,
            memoryEvictionThreshold: kubelet.evictionHard["memory.available"]?.amount(of: facts.memory) ?? 0,
            storageEvictionShare: Self.share(kubelet.evictionHard["nodefs.available"], of: facts.ephemeralStorage),
            statusReportFrequency: kubelet.nodeStatusReportFrequency, statusUpdateFrequency: kubelet.nodeStatusUpdateFrequency,
            leaseDuration: .seconds(kubelet.nodeLeaseDurationSeconds), kubernetesVersion: Version.kubernetes, swiftletVersion: Version.swiftlet,
            maxImages: kubelet.nodeStatusMaxImages < 0 ? .max : kubelet.nodeStatusMaxImages, podCIDRs: configuration.podCIDRs,
            runtimeHandlers: configuration.swiftlet.runtimeHandlers)
    }

    private static func share(_ threshold: EvictionThreshold?, of capacity: Int64) -> Double {
        guard let threshold, capacity > 0 else { return 0 }
        return Double(threshold.amount(of: capacity)) / Double(capacity)
    }

    /// The files of the HTTPS endpoint's certificate: the configured ones, or self-signed ones that are made when missing.
    func servingCertificate(_ directory: CertificateDirectory, _ settings: NodeSettings) async throws -> ServingCertificate {
        if let certificate = configuration.kubelet.tlsCertFile, let key = configuration.kubelet.tlsPrivateKeyFile {
            return ServingCertificate(certificatePath: certificate, keyPath: key)
        }
        let facts = try await host.describe()
        let addresses = settings.addresses.isEmpty ? facts.addresses : settings.addresses
        return try await ServingCertificate.selfSigned(in: directory, hostname: settings.name, ipAddresses: addresses, now: time.wallTime())
    }

    /// What pods learn of the node.
    func context(_ settings: NodeSettings, allocatable: [String: Quantity], hostIPs: [String]) -> NodeContext {
        let kubelet = configuration.kubelet
        return NodeContext(
            nodeName: settings.name, hostIPs: hostIPs, allocatable: allocatable, clusterDNS: kubelet.clusterDNS,
            clusterDomain: kubelet.clusterDomain, resolvConf: kubelet.resolvConf, seccompDefault: kubelet.seccompDefault,
            seccompRoot: configuration.process.rootDirectory + "/seccomp", sysctls: kubelet.sysctls,
            hasAppArmor: runtime.hasAppArmor, resources: resources,
            logMaxSize: kubelet.containerLogMaxSize.value, logMaxFiles: kubelet.containerLogMaxFiles,
            runtimeHandlers: configuration.swiftlet.runtimeHandlers)
    }
}
