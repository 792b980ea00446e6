package import CoreMetrics
import KubeModel
package import Logging
package import PodCore
package import Timing

/// Performs the actions of pod machines through the ports, and returns their results as events. Keeps no state of pods.
package struct ActionRunner: Sendable {
    package struct Ports: Sendable {
        package let runtime: any ContainerRuntime
        package let resources: any ResourceControl
        package let images: any ImageService
        package let network: any PodNetworkPort
        package let volumes: any VolumeService
        package let folders: any PodFolders
        package let objects: any ReferencedObjectSource
        package let services: any ServiceListing
        package let probes: any ProbeService

        package init(
            runtime: any ContainerRuntime, resources: any ResourceControl, images: any ImageService, network: any PodNetworkPort,
            volumes: any VolumeService, folders: any PodFolders, objects: any ReferencedObjectSource, services: any ServiceListing,
            probes: any ProbeService
        ) {
            self.runtime = runtime
            self.resources = resources
            self.images = images
            self.network = network
            self.volumes = volumes
            self.folders = folders
            self.objects = objects
            self.services = services
            self.probes = probes
        }
    }

    let ports: Ports
    let context: @Sendable () -> NodeContext
    let events: EventRecorder
    let tokens: TokenCache
    let pulls: ImagePullGate
    let verification: ImageVerification
    /// Makes room for pulls; `nil` where images are never removed.
    let room: (any ImageRoom)?
    let sandboxes: SandboxIndex
    package let files: ContainerFiles
    let nodeResolver: NodeResolver
    let metrics: any MetricsFactory
    let time: any TimeSource
    let logger: Logger
    /// 64 random hexadecimal digits.
    let makeID: @Sendable () -> String

    package init(
        ports: Ports, context: @escaping @Sendable () -> NodeContext, events: EventRecorder, sandboxes: SandboxIndex, time: any TimeSource,
        logger: Logger, pullLimits: ImagePullLimits = ImagePullLimits(),
        verification: ImageVerification = ImageVerification(), room: (any ImageRoom)? = nil,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        makeID: @escaping @Sendable () -> String
    ) {
        self.ports = ports
        self.context = context
        self.events = events
        self.tokens = TokenCache(source: ports.objects, time: time)
        pulls = ImagePullGate(pullLimits, time: time)
        self.verification = verification
        self.room = room
        self.metrics = metrics
        self.sandboxes = sandboxes
        self.files = ContainerFiles()
        nodeResolver = NodeResolver(folders: ports.folders, logger: logger)
        self.time = time
        self.logger = logger
        self.makeID = makeID
    }

    /// Performs one action. Returns `nil` when the machine does not wait for the result, or the result comes as another event.
    package func perform(_ action: PodAction, _ snapshot: PodSnapshot) async -> PodEvent? {
        switch action {
        case .mountVolume(let name): return await mountVolume(name, snapshot)
        case .refreshVolumes: return await refreshVolumes(snapshot)
        case .createSandbox(let attempt): return await createSandbox(attempt: attempt, snapshot)
        case .ensureImage(let container): return await ensureImage(container, snapshot)
        case .startContainer(let container, let count, let image, let sandboxID, let addresses):
            return await startContainer(container, restartCount: count, image: image, sandboxID: sandboxID, addresses: addresses, snapshot)
        case .stopContainer(let id, let sandboxID, let signal): return await stopContainer(id, sandboxID, signal, snapshot)
        case .runHook(let hook, let container, let id, let sandboxID, let timeout):
            let result = await runHook(hook, of: container, id: id, sandboxID: sandboxID, timeout: timeout, snapshot)
            return .hookEnded(containerID: id, hook, result)
        case .probe(let kind, let container, let id, let sandboxID):
            return .probed(containerID: id, kind, await probe(kind, of: container, id: id, sandboxID: sandboxID, snapshot))
        case .removeContainer(let id, let sandboxID):
            files.remove(id)
            await tolerate("remove an ended container", snapshot) { try await ports.runtime.removeContainer(id, inSandbox: sandboxID) }
            return nil
        case .applyResize(let plan): return .resizeApplied(await apply(plan, snapshot))
        // The pod's worker asks the manager of all pods.
        case .reviewResize: return nil
        case .stopSandbox(let id): return await stopSandbox(id)
        case .removeSandbox(let id): return await removeSandbox(id, snapshot)
        case .cleanUp(let sandboxIDs): return await cleanUp(sandboxIDs, snapshot)
        case .removeSandboxes(let ids): return await removeSandboxes(ids, snapshot)
        case .removeRemains: return await removeRemains(snapshot)
        case .record(let record):
            events.record(record, about: snapshot.identity)
            return nil
        }
    }

    func admission() -> PodAdmission {
        let context = context()
        return PodAdmission(
            sysctls: context.sysctls, hasAppArmor: context.hasAppArmor, pressures: context.pressures, isShuttingDown: context.isShuttingDown)
    }

    func tolerate(_ what: String, _ snapshot: PodSnapshot, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            logger.warning(
                "An optional step of a pod failed",
                metadata: ["pod": "\(snapshot.identity)", "step": "\(what)", "error": "\(error)"])
        }
    }

    func facts(_ pod: Pod, podIPs: [String]) -> PodFacts {
        let context = context()
        let addresses = pod.spec.usesHostNetwork ? context.hostIPs : podIPs
        return PodFacts(pod: pod, nodeName: context.nodeName, hostIPs: context.hostIPs, podIPs: addresses, nodeAllocatable: context.allocatable)
    }
}
