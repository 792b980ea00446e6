import FoundationEssentials
package import KubeClient
package import KubeModel
package import Logging
package import PodCore
import Synchronization
package import Timing

/// Registers the Node, keeps its status current, and sets the pod network up once the node has its ranges.
package actor NodeReporter {
    let settings: NodeSettings
    let api: any NodeAPI
    private let host: any NodeHost
    private let images: any ImageService
    let network: any PodNetworkPort
    private let readiness: NodeReadiness
    private let pressures: NodePressureBoard
    private let events: EventRecorder
    let time: any TimeSource
    let logger: Logger
    let known = Mutex<Node?>(nil)
    let registered = Mutex(false)
    /// The status by this agent's latest look at the machine, written or not.
    let offered = Mutex<NodeStatus?>(nil)
    private var written: NodeStatus?
    private var writtenAt: Duration?
    /// Whether the latest event about it, if any, said that the node takes no further pods.
    private var isCordoned = false
    /// The ranges for which the pod network is set up; `nil` while it is not.
    private(set) var networkRanges: [String]?
    private var networkChanges = 0
    private var version = KubernetesVersion.newest
    private var lacksAddress = false
    private var isReporting = false
    private var wantsReport = false
    /// One element after each set-up of the pod network; several may share one. One reader.
    package nonisolated let networkSetUps: AsyncStream<Void>
    private let networkIsSetUp: AsyncStream<Void>.Continuation
    /// One element after changes of ``node``; several may share one. One reader.
    package nonisolated let nodeChanges: AsyncStream<Void>
    private let nodeChanged: AsyncStream<Void>.Continuation
    private let sightings: AsyncStream<Void>
    private let sighting: AsyncStream<Void>.Continuation
    /// One element when ``ownNode`` becomes known. One reader.
    package nonisolated let firstStatus: AsyncStream<Void>
    private let statusIsKnown: AsyncStream<Void>.Continuation

    package init(
        settings: NodeSettings, api: any NodeAPI, host: any NodeHost, images: any ImageService, network: any PodNetworkPort, readiness: NodeReadiness,
        pressures: NodePressureBoard = NodePressureBoard(), events: EventRecorder, time: any TimeSource, logger: Logger
    ) {
        self.settings = settings
        self.api = api
        self.host = host
        self.images = images
        self.network = network
        self.readiness = readiness
        self.pressures = pressures
        self.events = events
        self.time = time
        self.logger = logger
        (networkSetUps, networkIsSetUp) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (nodeChanges, nodeChanged) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (sightings, sighting) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (firstStatus, statusIsKnown) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    /// The newest known Node object.
    package nonisolated var node: Node? { known.withLock { $0 } }

    /// Takes the object of an answer, unless the watch has shown a later state of it while the answer was on its way.
    nonisolated func answered(_ node: Node) {
        known.withLock { known in
            if let known, known.uid == node.uid, let before = known.metadata.version, let version = node.metadata.version, version < before { return }
            known = node
        }
        nodeChanged.yield()
    }

    /// The ranges of this node's pods: the configured ones, else those of the Node object; empty while it has none.
    package nonisolated var podRanges: [String] { Self.podRanges(settings, node) }

    static func podRanges(_ settings: NodeSettings, _ node: Node?) -> [String] {
        settings.podCIDRs.isEmpty ? node?.spec?.podCIDRs ?? [node?.spec?.podCIDR].compactMap { $0 } : settings.podCIDRs
    }

    /// Registers, and tries again until it succeeds.
    package func register() async throws {
        var backOff = BackOff(initial: .milliseconds(100), maximum: .seconds(7))
        var reported: String?
        while true {
            do {
                let node = try await createOrAdopt()
                known.withLock { $0 = node }
                registered.withLock { $0 = true }
                events.record(PodEventRecord(.normal, "Starting", "Starting kubelet."), aboutNode: settings.name)
                logger.info("Node is registered", metadata: ["node": "\(settings.name)"])
                return
            } catch let error as CancellationError {
                throw error
            } catch {
                // One line for each new kind of failure, not for each try.
                if reported != "\(error)" {
                    logger.error("Node could not be registered; trying again", metadata: ["node": "\(settings.name)", "error": "\(error)"])
                }
                reported = "\(error)"
            }
            try await time.sleep(for: backOff.next())
        }
    }

    /// An API server may be older than this agent, and may be upgraded.
    private func readVersion() async throws {
        let server: String
        do {
            server = try await api.serverVersion().gitVersion
        } catch let error as APIError where error.isForbidden || error.isNotFound {
            return logger.warning(
                "Version of the API server is not told; the node reports its own", metadata: ["version": "\(version)", "error": "\(error)"])
        }
        guard let known = KubernetesVersion(gitVersion: server) else {
            return logger.warning("Version of the API server cannot be read", metadata: ["found": "\(server)", "wanted": "v1.36.0 or the like"])
        }
        let wanted = KubernetesVersion.reported(beside: known)
        if known.minor < KubernetesVersion.oldest.minor {
            logger.warning(
                "API server is older than this agent supports", metadata: ["found": "\(server)", "wanted": "\(KubernetesVersion.oldest) or newer"])
        }
        if wanted != version {
            logger.info("Node reports another version of Kubernetes", metadata: ["version": "\(wanted)", "server": "\(server)"])
        }
        version = wanted
    }

    private func createOrAdopt() async throws -> Node {
        try await readVersion()
        let plan = try await plan()
        guard settings.registers else { return try await api.node(named: settings.name) }
        do {
            return try await api.createNode(plan.node(at: time.wallTime()))
        } catch let error as APIError where error.isAlreadyExists {
            let existing = try await api.node(named: settings.name)
            let missing = plan.ownLabels.filter { existing.metadata.labels?[$0.key] != $0.value }
            let annotations = plan.ownAnnotations.filter { existing.metadata.annotations?[$0.key] != $0.value }
            guard !missing.isEmpty || !annotations.isEmpty else { return existing }
            let patch: JSONValue = [
                "metadata": [
                    "labels": .object(missing.mapValues(JSONValue.string)), "annotations": .object(annotations.mapValues(JSONValue.string)),
                ]
            ]
            return try await api.patchNode(named: settings.name, patch)
        }
    }

    /// Writes the status whenever it changed, and a heartbeat with it at least every `statusReportFrequency`.
    package func run(node updates: ReflectorUpdates<Node>) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.follow(updates) }
            // Not in the task that follows the watch: the next state of the object must not wait until a status is written.
            group.addTask { for await _ in self.sightings { await self.nodeSighted() } }
            group.addTask { for await _ in self.readiness.changes { await self.report() } }
            group.addTask { for await _ in self.pressures.changes { await self.report() } }
            while !Task.isCancelled {
                await report()
                do { try await time.sleep(for: settings.statusUpdateFrequency) } catch { break }
            }
            group.cancelAll()
        }
    }

    private func follow(_ updates: ReflectorUpdates<Node>) async {
        for await changes in updates {
            for change in changes.values {
                switch change {
                case .stored(let node):
                    known.withLock { $0 = node }
                    nodeChanged.yield()
                    sighting.yield()
                case .deleted:
                    logger.warning(
                        "Node object was deleted; registering again and keeping the pods", metadata: ["node": "\(settings.name)"])
                    written = nil
                    try? await register()
                }
            }
        }
    }

    private func nodeSighted() async {
        if let node { await setUpNetwork(node) }
        // The control plane may have set conditions to Unknown while the node was out of reach.
        await report()
    }

    func setUpNetwork(_ node: Node) async {
        let wanted = Self.podRanges(settings, node)
        guard !wanted.isEmpty || network.isMadeByPlugins, wanted != networkRanges else { return }
        do {
            let changes = networkChanges
            try await network.setUp(podCIDRs: wanted)
            // A change meanwhile asks for another look.
            if changes == networkChanges { networkRanges = wanted }
            readiness.report("network", problem: nil)
            networkIsSetUp.yield()
            logger.info("Pod network is set up", metadata: ["podCIDRs": "\(wanted.joined(separator: ", "))"])
        } catch {
            readiness.report("network", problem: "the pod network could not be set up: \(error)")
        }
    }

    /// The pod network may be ready now, or not any more.
    package func networkChanged() async {
        networkRanges = nil
        networkChanges += 1
        await report()
    }

    func plan() async throws -> NodeStatusPlan {
        NodeStatusPlan(
            settings: settings, host: try await host.describe(), problem: readiness.problem, images: await images.images(),
            kubernetesVersion: version,
            pressures: pressures.current)
    }

    /// Writes one report at a time, so that the API server gets reports in order.
    private func report() async {
        guard !isReporting else {
            wantsReport = true
            return
        }
        isReporting = true
        repeat {
            wantsReport = false
            await writeStatus()
        } while wantsReport
        isReporting = false
    }

    private func writeStatus() async {
        do {
            guard let existing = node else { return }
            tellSchedulability(existing)
            // A failed set-up of the network is repeated with every report.
            if networkRanges == nil { await setUpNetwork(existing) }
            let isDue = writtenAt.map { time.now() - $0 >= settings.statusReportFrequency } ?? true
            // The first status follows the registration, which has read the version.
            if isDue, writtenAt != nil { try await readVersion() }
            let status = try await plan().status(existing: existing.status, at: time.wallTime())
            offer(status)
            let isNews = written.map { !$0.isEquivalent(to: status) } ?? true
            guard isDue || isNews || status.isContradicted(by: existing.status) else { return }
            let stored = try await api.patchNodeStatus(named: settings.name, try Self.patch(status))
            if written == nil { tellReboot(since: existing.status, status) }
            tellChanges(from: written, to: status)
            written = status
            writtenAt = time.now()
            answered(stored)
        } catch is CancellationError {
            return
        } catch {
            logger.error("Status of the node could not be written; trying again", metadata: ["error": "\(error)"])
        }
    }

    func offer(_ status: NodeStatus) {
        let isFirst = offered.withLock { offered in
            defer { offered = status }
            return offered == nil
        }
        if isFirst { statusIsKnown.yield() }
        tellAddresses(of: status)
    }

    private func tellAddresses(of status: NodeStatus) {
        defer { lacksAddress = status.internalIPs.isEmpty }
        guard status.internalIPs.isEmpty, !lacksAddress else { return }
        let message = """
            No address of this machine can be reported as InternalIP: found neither a default route nor a route to the API server from an address of \
            the machine; other nodes and NodePorts do not reach its pods, and pods have no hostIP; start the agent with --node-ip
            """
        logger.error("Node has no address; start the agent with --node-ip", metadata: ["node": "\(settings.name)"])
        events.record(PodEventRecord(.warning, "NoNodeAddress", message), aboutNode: settings.name)
    }

    /// Addresses are merged by type, so without the directive a second address of a type would be lost or an old one stay.
    static func patch(_ status: NodeStatus) throws -> JSONValue {
        var fields = try JSONParser.parse(JSONEncoder().encode(status)).object ?? [:]
        if let addresses = fields["addresses"]?.array { fields["addresses"] = .array([["$patch": "replace"]] + addresses) }
        return ["status": .object(fields)]
    }

    private func tellReboot(since before: NodeStatus?, _ status: NodeStatus) {
        guard let earlier = before?.nodeInfo?.bootID, let now = status.nodeInfo?.bootID, !earlier.isEmpty, earlier != now else { return }
        events.record(
            PodEventRecord(.warning, "Rebooted", "Node \(settings.name) has been rebooted, boot id: \(now)"), aboutNode: settings.name)
    }

    /// A node without an event counts as schedulable, so that a restart on a cordoned node shows once.
    private func tellSchedulability(_ node: Node) {
        let isUnschedulable = node.spec?.unschedulable ?? false
        guard isUnschedulable != isCordoned else { return }
        isCordoned = isUnschedulable
        tell(isUnschedulable ? "NodeNotSchedulable" : "NodeSchedulable")
    }

    private func tell(_ reason: String) {
        events.record(PodEventRecord(.normal, reason, "Node \(settings.name) status is now: \(reason)"), aboutNode: settings.name)
    }

    private func tellChanges(from before: NodeStatus?, to status: NodeStatus) {
        let names = [
            "Ready": ("NodeReady", "NodeNotReady"), "MemoryPressure": ("NodeHasInsufficientMemory", "NodeHasSufficientMemory"),
            "DiskPressure": ("NodeHasDiskPressure", "NodeHasNoDiskPressure"), "PIDPressure": ("NodeHasInsufficientPID", "NodeHasSufficientPID"),
        ]
        for condition in status.conditions ?? [] {
            guard let (whenTrue, whenFalse) = names[condition.type], condition.status != "Unknown" else { continue }
            let earlier = before?.conditions?.first { $0.type == condition.type }?.status
            // A node that starts is not ready yet, which needs no event.
            guard earlier != condition.status, earlier != nil || condition.type != "Ready" || condition.status == "True" else { continue }
            tell(condition.status == "True" ? whenTrue : whenFalse)
        }
    }
}
