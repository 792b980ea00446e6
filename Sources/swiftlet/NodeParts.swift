import ImageStore
import KubeClient
import KubeModel
import LinuxNetlink
import LinuxNftables
import LinuxSystem
import Logging
import NodeAgent
import PodCore
import PodNetwork
import PodProbes
import ProxyAgent
import ProxyCore
import ServiceLifecycle
import Synchronization

/// The parts that follow the API server: node, pods and Services.
struct NodeParts: Sendable {
    let pods: PodManager
    let reporter: NodeReporter
    let readiness = NodeReadiness()
    let health: NodeHealth
    let images: ImageCollector
    let sandboxes: SandboxIndex
    let proxy: ProxyAgent
    let statistics: NodeStatistics
    let directory: ServiceDirectory
    let events: EventRecorder
    /// The runtime, whose operations are counted.
    let runtime: MeteredRuntime
    let metrics: AgentMetrics
    let addresses = NodeAddresses()
    /// To be told of each client's end, which leaves memory free as a pod's does.
    let connectionEnded: AsyncStream<Void>.Continuation
    let services: [any ServiceLifecycle.Service]

    /// The Kubernetes version that the node reports.
    var version: String? { reporter.node?.status?.nodeInfo?.kubeletVersion }

    init(
        _ configuration: AgentConfiguration, settings: NodeSettings, local: LocalParts, client: KubeClient, services reading: KubeClient,
        metrics: AgentMetrics, logger: Logger
    ) throws {
        let time = local.time
        let events = EventRecorder(
            api: client.forEvents(queriesPerSecond: Double(configuration.kubelet.eventRecordQPS), burst: configuration.kubelet.eventBurst),
            nodeName: settings.name, time: time, holdback: EventRecorder.holdback, logger: logger)
        let pressures = NodePressureBoard()
        let reporter = NodeReporter(
            settings: settings, api: client.forStatuses(), host: local.host, images: local.images, network: local.podNetwork, readiness: readiness,
            pressures: pressures, events: events,
            time: time, logger: logger)
        let nodes = NodeDirectory(reading, ownName: settings.name, logger: logger)
        let (input, usesPlugins) = (ProxyInput(), local.cni != nil)
        let directory = ServiceDirectory(services: reading, metrics: metrics.proxy, logger: logger) {
            Self.proxyConfiguration(input, configuration.proxy, settings, reporter, nodes, usesPlugins: usesPlugins)
        }
        let watched = Reflector(client, of: Pod.self, scope: ObjectScope(fieldSelector: "spec.nodeName=\(settings.name)"))
        let presence = APIPresence(watched, time: time)
        let source = WatchedObjectSource(client)
        let memory = local.memory
        let objects = RememberedObjects(source, memory: memory, presence: presence, time: time, logger: logger)
        let sandboxes = SandboxIndex()
        let hostIPs: @Sendable () -> [String] = { Self.addresses(settings, reporter.node) }
        let collector = ImageCollector(
            images: local.images, users: NodeImageUsers(runtime: local.runtime, volumes: local.volumes), events: events,
            policy: configuration.kubelet.imageCollection, nodeName: settings.name, metrics: metrics.node, time: time, logger: logger)
        let runtime = MeteredRuntime(local.runtime, metrics: metrics.node, time: time)
        let runner = ActionRunner(
            ports: .init(
                runtime: runtime, resources: local.runtime, images: local.images, network: local.podNetwork, volumes: local.volumes,
                folders: local.folders, objects: objects, services: RememberedServices(directory, memory: memory, presence: presence),
                probes: NetworkProbes()),
            context: { [readiness] in
                var context = local.context(settings, allocatable: reporter.node?.status?.allocatable ?? [:], hostIPs: hostIPs())
                context.pressures = pressures.current
                context.isShuttingDown = readiness.isShuttingDown
                context.labels = reporter.node?.metadata.labels ?? [:]
                return context
            }, events: events,
            sandboxes: sandboxes, time: time, logger: logger, pullLimits: configuration.kubelet.imagePulls,
            verification: configuration.kubelet.imageVerification, room: collector, metrics: metrics.node, makeID: Self.randomID)
        let statuses = StatusWriter(api: client.forStatuses(), time: time, logger: logger)
        let mirrors = MirrorPods(api: client, nodeName: settings.name, index: MirrorIndex(), time: time, logger: logger)
        let pods = PodManager(
            runner: runner, statuses: statuses, sandboxes: sandboxes, nodes: reporter, mirrors: mirrors, memory: memory, time: time, logger: logger,
            evictions: RememberedEvictions(local.records, logger: logger), hostIPs: hostIPs)
        let relief = PressureRelief(
            .init(
                source: local.pressure, pods: pods, reclaim: NodeRoomMaker(pods: pods, images: collector),
                usage: PodUsageReader(resources: local.runtime, disk: local.diskUsage),
                board: pressures, events: events, metrics: metrics.node),
            rules: configuration.kubelet.evictionRules, nodeName: settings.name, time: time, logger: logger)
        let statistics = NodeStatistics(
            .init(meter: local.meter, room: local.pressure, pods: pods, disk: local.diskUsage, volumes: local.volumes, images: local.images),
            time: time, logger: logger)
        self.statistics = statistics
        let shutdown = NodeShutdown(
            plan: configuration.kubelet.shutdown, delay: LogindDelay(), pods: pods, readiness: readiness, events: events, nodeName: settings.name,
            time: time, logger: logger)
        let statics = configuration.kubelet.staticPodPath.map {
            StaticFolder(
                ManifestDirectory($0, logger: logger), nodeName: settings.name, period: configuration.kubelet.fileCheckFrequency, time: time,
                logger: logger)
        }
        let imports = ImportFolder(configuration.swiftlet.imageImports, store: local.images, time: time, logger: logger) { message in
            events.record(PodEventRecord(.warning, "FailedImageImport", message), aboutNode: settings.name)
        }
        let proxy = ProxyAgent(
            source: directory, store: try KernelRulesetStore(), conntrack: try ConntrackTable(), metrics: metrics.proxy, logger: logger, time: time
        ) { problem in
            guard let uid = problem.uid else { return }
            events.record(
                PodEventRecord(.warning, "ServiceNotServed", problem.text), aboutService: problem.name, namespace: problem.namespace, uid: uid)
        }
        let watch =
            local.cni == nil
            ? ForwardWatch(
                try KernelRulesetStore(), bridge: configuration.swiftlet.network.bridge, time: time, logger: logger
            ) { problem in
                events.record(PodEventRecord(.warning, "ForwardPolicyDrop", problem), aboutNode: settings.name)
            } : nil
        let lease = LeaseRenewer(
            api: client.forLease(), nodeName: settings.name, duration: settings.leaseDuration, time: time, logger: logger,
            nodeUID: { reporter.isRegistered ? reporter.node?.metadata.uid : nil })
        let (endedConnections, connectionEnded) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        self.connectionEnded = connectionEnded
        health = local.health(pods, readiness, logger: logger)
        self.events = events
        self.pods = pods
        images = collector
        self.sandboxes = sandboxes
        self.reporter = reporter
        self.proxy = proxy
        self.directory = directory
        self.runtime = runtime
        self.metrics = metrics
        services = [
            Part { await events.run() },
            Part { await directory.run() },
            Part { await memory.run() },
            Part { [addresses] in await Self.followNode(reporter, client, settings, directory, mirrors, memory, presence, addresses) },
            Part { for await _ in reporter.networkSetUps { await pods.networkReady() } },
            Part { for await _ in reporter.firstStatus { await pods.nodeKnown() } },
            Part { await lease.run() },
            Part { await Self.followObjects(source, objects, pods) },
            Part { await Self.followPods(pods, watched, presence, memory, statics) },
            Part { try await local.hostPorts.run() },
            Part { [readiness] in try await Self.keepNetwork(local, configuration, nodes, directory, readiness, reporter, logger: logger) },
            Part {
                // Plugins bring rules of their own.
                if let watch { await watch.run() } else { try await gracefulShutdown() }
            },
            Part { [health] in await health.run() },
            Part { await MemoryReturn(turnover: pods.turnover, time: time, giveBack: ProcessMemory.giveBack).run() },
            Part { await MemoryReturn(turnover: endedConnections, time: time, giveBack: ProcessMemory.giveBack).run() },
            Part { await MemoryReturn(turnover: proxy.fullSyncs, time: time, giveBack: ProcessMemory.giveBack).run() },
            Part { await relief.run() },
            Part { await statistics.run() },
            Part { await collector.run() },
            Part { await imports.run() },
            proxy,
            Part {
                await proxy.waitForFirstSync()
                if !Task.isCancelled { await NodePreparation(local, settings, logger: logger).limitConntrack() }
                try await gracefulShutdown()
            },
            // These two may have nothing to do.
            Part {
                await local.outOfMemoryWatch(settings.name, events, logger: logger)?.run()
                try await gracefulShutdown()
            },
            Part {
                await shutdown.run()
                try await gracefulShutdown()
            },
        ]
    }

    private static func followNode(
        _ reporter: NodeReporter, _ client: KubeClient, _ settings: NodeSettings, _ directory: ServiceDirectory, _ mirrors: MirrorPods,
        _ memory: NodeMemory, _ presence: APIPresence, _ addresses: NodeAddresses
    ) async {
        let own = Reflector(client, of: Node.self, scope: ObjectScope(fieldSelector: "metadata.name=\(settings.name)"))
        await withDiscardingTaskGroup { group in
            group.addTask { await Self.recallNode(reporter, memory, presence, settings, directory) }
            // Fails only when it is cancelled.
            guard (try? await reporter.register()) != nil else { return group.cancelAll() }
            group.addTask { await own.run() }
            // The proxy's rules depend on the node's podCIDRs and addresses.
            group.addTask { for await _ in reporter.nodeChanges { directory.configurationChanged() } }
            group.addTask {
                for await changes in own.updates() {
                    for case .stored(let node) in changes.values {
                        memory.remember(node)
                        addresses.set(from: node)
                        await mirrors.nodeChanged(uid: node.uid)
                    }
                }
            }
            await reporter.run(node: own.updates())
            group.cancelAll()
        }
    }

    /// Pods do not wait for an API server that is away: the node goes on with its object as it was last seen.
    private static func recallNode(
        _ reporter: NodeReporter, _ memory: NodeMemory, _ presence: APIPresence, _ settings: NodeSettings, _ directory: ServiceDirectory
    ) async {
        guard await presence.isAwayAtStart(), let node = await memory.node(named: settings.name) else { return }
        await reporter.recall(node)
        directory.configurationChanged()
    }

    private static func followPods(
        _ pods: PodManager, _ watched: Reflector<Pod>, _ presence: APIPresence, _ memory: NodeMemory, _ statics: StaticFolder?
    ) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await watched.run() }
            if let statics { group.addTask { await statics.run() } }
            await pods.run(pods: watched.updates(), statics: statics?.snapshots ?? StaticFolder.none) {
                await presence.isAwayAtStart() ? await memory.pods() : []
            }
            group.cancelAll()
        }
    }

    private static func followObjects(_ source: WatchedObjectSource, _ objects: RememberedObjects, _ pods: PodManager) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await source.configMaps.run() }
            group.addTask { await source.secrets.run() }
            group.addTask {
                while let keys = await source.configMaps.nextChanges() {
                    await pods.objectsChanged(configMaps: keys)
                    await objects.changed(configMaps: keys)
                }
            }
            group.addTask {
                while let keys = await source.secrets.nextChanges() {
                    await pods.objectsChanged(secrets: keys)
                    await objects.changed(secrets: keys)
                }
            }
        }
    }

    private static func keepNetwork(
        _ local: LocalParts, _ configuration: AgentConfiguration, _ nodes: NodeDirectory, _ directory: ServiceDirectory, _ readiness: NodeReadiness,
        _ reporter: NodeReporter, logger: Logger
    ) async throws {
        if let cni = local.cni {
            return try await cni.run { await reporter.networkChanged() }
        }
        let keeper = NetworkKeeper(local.network, time: local.time, logger: logger) { readiness.report("pod network", problem: $0) }
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                let hasRoutes = configuration.swiftlet.network.routing != .none
                if !hasRoutes { await local.network.setPeers([]) }
                guard hasRoutes || configuration.proxy.clusterCIDR.isEmpty else { return }
                await nodes.run {
                    if hasRoutes {
                        await local.network.setPeers(
                            nodes.others.map { $0.map { PeerNode($0) } }, own: nodes.own.map { PeerNode($0).addresses } ?? [])
                    }
                    // Traffic to pods of other nodes keeps its source address.
                    directory.configurationChanged()
                }
            }
            try await keeper.run()
            group.cancelAll()
        }
    }

    private static func addresses(_ settings: NodeSettings, _ node: Node?) -> [String] {
        settings.addresses(of: node?.status?.internalIPs ?? [])
    }

    /// `nil` until the node has its podCIDRs and, where they matter, the other nodes' ranges are known: pods would be masqueraded on the way to them.
    private static func proxyConfiguration(
        _ latest: ProxyInput, _ proxy: ProxySettings, _ settings: NodeSettings, _ reporter: NodeReporter, _ nodes: NodeDirectory, usesPlugins: Bool
    ) -> ProxyConfiguration? {
        let podCIDRs = reporter.podRanges
        // Without a range for all pods of the cluster, the ranges of the nodes that are there stand for it.
        let clusterCIDRs = proxy.clusterCIDR.isEmpty ? usesPlugins ? [] : nodes.otherRanges : [proxy.clusterCIDR]
        guard let node = reporter.node, !podCIDRs.isEmpty || usesPlugins, let clusterCIDRs else { return nil }
        let input = ProxyInput.Values(
            nodeAddresses: addresses(settings, node), podCIDRs: podCIDRs, clusterCIDRs: clusterCIDRs,
            zone: node.metadata.labels?["topology.kubernetes.io/zone"])
        return latest.configuration(input) {
            var configuration = ProxyConfiguration(
                nodeName: settings.name, nodeAddresses: $0.nodeAddresses, podCIDRs: $0.podCIDRs, nodePortAddresses: proxy.nodePortAddresses,
                clusterCIDR: $0.clusterCIDRs.joined(separator: ","), masqueradesAll: proxy.masqueradeAll, zone: $0.zone,
                localTraffic: proxy.localTraffic)
            // Plugins masquerade their pods' traffic themselves, or have reasons not to. They take addresses from anywhere, too.
            if usesPlugins {
                configuration.masqueradesPodEgress = false
                if proxy.localMode == .clusterCIDR, proxy.clusterCIDR.isEmpty { configuration.localTraffic = .unknown }
            }
            return configuration
        }
    }

    /// 64 hexadecimal digits of system randomness.
    private static func randomID() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            let digits = String(generator.next() as UInt64, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
