import ImageStore
import KubeClient
import KubeModel
import LinuxCgroups
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Logging
import NodeAgent
import NodeServer
import NodeStore
import PodCore
import PodNetwork
import PodRuntime
import PodVolumes
import Timing

/// The parts that work without an API server: runtime, images, network, volumes.
struct LocalParts: Sendable {
    let configuration: AgentConfiguration
    let runtime: ShimRuntime
    let images: ImageStore
    let hostPorts: HostPortForwarder
    /// The built-in network. With CNI plugins it only knows the node's addresses.
    let network: PodNetwork
    /// `nil` without plugins.
    let cni: CNINetwork?
    let volumes: PodVolumes
    let folders: PodFolderStore
    let diskUsage: DiskUseRecord
    let pressure: KernelPressure
    let meter: KernelMeter
    let records: NodeStore
    let memory: NodeMemory
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
        images = try await ImageStore.open(
            directory: swiftlet.imageRoot, registries: RegistryConfiguration(configuration), limits: ImageLimits(swiftlet.imageLimits), logger: logger
        )
        hostPorts = HostPortForwarder(store: try KernelRulesetStore(), conntrack: try ConntrackTable(), logger: logger, time: time)
        network = PodNetwork(
            settings: NetworkSettings(
                bridge: swiftlet.network.bridge, mtu: swiftlet.network.mtu == 0 ? nil : UInt32(swiftlet.network.mtu),
                routing: swiftlet.network.routing == .vxlan ? .vxlan : .hostGateway, guardsSources: swiftlet.network.antiSpoofing,
                stateDirectory: process.runDirectory + "/network"),
            hostPorts: hostPorts, filters: try KernelRulesetStore())
        cni =
            swiftlet.network.mode == .cni
            ? CNINetwork(
                configurations: swiftlet.network.cniConfDir, programs: swiftlet.network.cniBinDirs,
                stateDirectory: process.stateDirectory + "/cni", hostPorts: hostPorts, bootID: try HostFacts.bootID(), time: time,
                logger: logger) : nil
        volumes = PodVolumes(root: process.rootDirectory, logger: logger)
        folders = PodFolderStore(root: process.rootDirectory, logs: configuration.kubelet.podLogsDir)
        diskUsage = DiskUseRecord(
            PodDiskMeter(root: process.rootDirectory, logs: folders) { runtimeSettings.writableLayer(ofContainer: $0) }, time: time)
        meter = try KernelMeter(runtime)
        pressure = try KernelPressure(
            runtimeSettings, .init(pods: process.rootDirectory, images: swiftlet.imageRoot, layers: runtimeSettings.layersDirectory))
        records = NodeStore(directory: process.stateDirectory + "/node", logger: logger)
        memory = NodeMemory(store: records, time: time, logger: logger)
        let problem = runtime.userNamespaceProblem
        if let problem {
            logger.notice("Pods with hostUsers: false cannot run here, or not with every volume", metadata: ["reason": "\(problem)"])
        }
        host = KernelHost(network: network, rootDirectory: process.rootDirectory, supportsUserNamespaces: problem == nil)
        let memory = try HostFacts.memory()
        resources = ResourceRules(configuration.kubelet, memory: Int64(memory.total), swap: Int64(memory.swapTotal))
    }

    /// The network that pods get.
    var podNetwork: any PodNetworkPort { cni ?? network }

    /// A service manager that waits for reports of this process is expected to start the spawner as well: see swiftlet-spawner.service.
    private static var spawnerPatience: Duration { SystemdNotification() == nil ? .zero : .seconds(3) }

    private static func cgroupRoot(_ configuration: AgentConfiguration) throws(SystemError) -> String {
        let configured = configuration.swiftlet.cgroupRoot
        if !configured.isEmpty { return configured }
        return try CgroupTree.podRoot(relative: configuration.kubelet.cgroupRoot, mounts: try MountTable())
    }

    func nodeSettings() async throws -> NodeSettings {
        try NodeSettings(configuration, host: try await host.describe(), swiftletVersion: Version.swiftlet)
    }

    /// Returns the files of the HTTPS endpoint's certificate: requested from the cluster, configured, or a self-signed pair that is made if it is missing.
    func servingFiles(_ directory: CertificateDirectory, _ settings: NodeSettings) async throws -> ServingFiles {
        let kubelet = configuration.kubelet
        var pairs: [ServingFiles.Pair] = []
        if kubelet.serverTLSBootstrap {
            let path = directory.currentPath(.serving(nodeName: settings.name, dnsNames: [], ipAddresses: []))
            pairs.append(ServingFiles.Pair(certificate: path, key: path))
        }
        if let certificate = kubelet.tlsCertFile, let key = kubelet.tlsPrivateKeyFile {
            pairs.append(ServingFiles.Pair(certificate: certificate, key: key))
        }
        if pairs.isEmpty {
            let addresses = settings.addresses(of: try await host.describe().addresses)
            let made = try await ServingCertificate.selfSigned(
                in: directory, hostname: settings.name, ipAddresses: addresses, now: time.wallTime())
            pairs.append(ServingFiles.Pair(certificate: made.certificatePath, key: made.keyPath))
        }
        return ServingFiles(pairs: pairs, isAwaited: kubelet.serverTLSBootstrap, clientCA: kubelet.clientCAFile)
    }

    /// Returns the node's side of the pods' configuration.
    func context(_ settings: NodeSettings, allocatable: [String: Quantity], hostIPs: [String]) -> NodeContext {
        let kubelet = configuration.kubelet
        return NodeContext(
            nodeName: settings.name, hostIPs: hostIPs, allocatable: allocatable, clusterDNS: kubelet.clusterDNS,
            clusterDomain: kubelet.clusterDomain, resolvConf: kubelet.resolvConf, seccompDefault: kubelet.seccompDefault,
            seccompRoot: configuration.process.rootDirectory + "/seccomp", sysctls: kubelet.sysctls,
            hasAppArmor: runtime.hasAppArmor, resources: resources,
            logMaxSize: kubelet.containerLogMaxSize.value, logMaxFiles: kubelet.containerLogMaxFiles,
            runtimeHandlers: configuration.swiftlet.runtimeHandlers, maxRestartPause: kubelet.maxContainerRestartPeriod)
    }
}
