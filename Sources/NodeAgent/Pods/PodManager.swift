package import KubeClient
package import KubeModel
package import Logging
import MetricsStore
package import PodCore
package import Timing

/// All pods of this node: recovers an earlier agent's sandboxes, follows the API's pods, the static pods and the runtime's events, and owns the
/// tasks that follow.
package actor PodManager {
    let runner: ActionRunner
    let statuses: StatusWriter
    let sandboxes: SandboxIndex
    let nodes: any OwnNodeSource
    let mirrors: MirrorPods
    let time: any TimeSource
    let logger: Logger
    let memory: NodeMemory?
    private let hostIPs: @Sendable () -> [String]
    let tasks = OwnedTasks()
    let wakes: WakeQueue<String>
    private(set) var workers: [String: PodWorker] = [:]
    var queue = AdmissionQueue()
    /// The API's changes are being applied, and not all pods of them are known yet.
    var isTakingOver = false
    /// One element after pods have come or gone; several may share one. One reader.
    package nonisolated let turnover: AsyncStream<Void>
    private let cameOrWent: AsyncStream<Void>.Continuation
    private let freedRooms: AsyncStream<Void>
    private let roomIsFree: AsyncStream<Void>.Continuation
    private let admissions: AsyncStream<Void>
    let admissionIsDue: AsyncStream<Void>.Continuation
    let activePods: ActivePodStore
    var resizes = WaitingResizes()
    /// The uid of the API's latest pod of each name; a pod that is still being removed gives way to its successor.
    var uids: [ObjectKey: String] = [:]
    /// The objects that each pod refers to, while they are kept fresh.
    private var held: [String: (names: ObjectNames, namespace: String)] = [:]
    private(set) var recovered: [String: [RecoveredSandbox]] = [:]
    /// Events in recovered sandboxes whose pods no source has named yet.
    private var earlyEvents: [String: [RuntimeEvent]] = [:]
    /// The sources that have not named their pods yet. No pod is unknown before all have.
    private var awaitedSources: Set<PodSource> = [.api, .manifests]
    var statics = StaticPodQueue()
    let endWatch = PodEndWatch()
    private let evictions: any EvictionRecords
    /// The evictions that are not forgotten yet, by uid.
    private var evicted: [String: PodEviction] = [:]
    /// The pods that were started from the node's memory and that the API server has not named yet.
    var unconfirmed: Set<String> = []

    /// - Parameter memory: where the API's pods are remembered; `nil` for nowhere.
    package init(
        runner: ActionRunner, statuses: StatusWriter, sandboxes: SandboxIndex, nodes: any OwnNodeSource, mirrors: MirrorPods,
        memory: NodeMemory? = nil, time: any TimeSource, logger: Logger, evictions: any EvictionRecords = NoEvictionRecords(),
        hostIPs: @escaping @Sendable () -> [String]
    ) {
        self.runner = runner
        self.statuses = statuses
        self.sandboxes = sandboxes
        self.nodes = nodes
        self.mirrors = mirrors
        self.memory = memory
        self.time = time
        self.logger = logger
        self.evictions = evictions
        self.hostIPs = hostIPs
        wakes = WakeQueue(time: time)
        // Shown from the start: a rate needs the 0 before the first one.
        for isStatic in ["", "true"] { runner.metrics.count(.restartedPods, isStatic, by: 0) }
        let (admissions, admissionIsDue) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (turnover, cameOrWent) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.admissions, self.admissionIsDue) = (admissions, admissionIsDue)
        let (freedRooms, roomIsFree) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        (self.freedRooms, self.roomIsFree) = (freedRooms, roomIsFree)
        activePods = ActivePodStore {
            admissionIsDue.yield()
            roomIsFree.yield()
        }
    }

    /// Reconnects to the sandboxes of an earlier agent. It changes nothing yet: their use is known once the sources have named their pods.
    package func recover() async throws {
        evicted = await evictions.load()
        let found = try await runner.ports.runtime.recover()
        var networks: [SandboxNetwork] = []
        for sandbox in found {
            recovered[sandbox.configuration.pod.uid, default: []].append(sandbox)
            earlyEvents[sandbox.configuration.pod.uid] = []
            sandboxes.set(sandbox.configuration.id, podUID: sandbox.configuration.pod.uid)
            networks.append(
                SandboxNetwork(
                    sandboxID: sandbox.configuration.id, pod: sandbox.configuration.pod, addresses: sandbox.addresses,
                    hostPorts: sandbox.configuration.hostPorts ?? [], isRunning: sandbox.isRunning))
        }
        try await runner.ports.network.recover(networks)
        if !found.isEmpty { logger.info("Found sandboxes of an earlier agent", metadata: ["sandboxes": "\(found.count)"]) }
    }

    /// Runs until it is cancelled. Pods go on without the agent.
    /// - Parameter remembered: returns the pods to begin with while the API server does not answer; none once it has.
    package func run(
        pods: ReflectorUpdates<Pod>, statics: AsyncStream<[StaticPod]> = StaticFolder.none, remembered: @Sendable () async -> [Pod] = { [] }
    ) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.tasks.run() }
            group.addTask { await self.wakes.run { await self.wake($0) } }
            group.addTask { await self.statuses.run() }
            group.addTask { for await _ in self.admissions { await self.admitPods() } }
            group.addTask { for await _ in self.freedRooms { await self.reviewWaitingResizes() } }
            group.addTask { await self.mirrors.run() }
            group.addTask { await self.followRuntime() }
            group.addTask { await self.follow(statics) }
            await startUnconfirmed(await remembered())
            await follow(pods)
            group.cancelAll()
        }
    }

    private func follow(_ pods: ReflectorUpdates<Pod>) async {
        for await changes in pods {
            isTakingOver = true
            for change in changes.values { await apply(change) }
            await endUnconfirmed()
            isTakingOver = false
            admissionIsDue.yield()
            await haveHeard(from: .api)
        }
    }

    func haveHeard(from source: PodSource) async {
        guard awaitedSources.remove(source) != nil else { return }
        if source == .api {
            await mirrors.listComplete()
            if let memory { tasks.start { await memory.dropUnknown() } }
        }
        guard awaitedSources.isEmpty else { return }
        resizes.open()
        roomIsFree.yield()
        await removeOrphans()
    }

    /// Not all pods that were there when the agent started are known.
    var isAwaitingSources: Bool { !awaitedSources.isEmpty }

    func apply(_ change: ObjectChange<Pod>) async {
        if change.object.isMirror { return await applyMirror(change) }
        switch change {
        case .deleted(let pod): await remove(uid: pod.uid)
        case .stored(let pod):
            await mirrors.nameTaken(pod.key)
            // The name may belong to another pod than before.
            if let earlier = uids.updateValue(pod.uid, forKey: pod.key), earlier != pod.uid { await remove(uid: earlier) }
            await store(pod.markedAsFromAPI)
        }
    }

    func store(_ pod: Pod) async {
        hold(pod)
        let isConfirmed = unconfirmed.remove(pod.uid) != nil
        if let worker = workers[pod.uid] { return isConfirmed ? await worker.confirmed(by: pod) : await worker.handle(.updated(pod)) }
        if queue.update(pod) {
            // A pod that was deleted before it got a place needs none any more.
            if pod.metadata.deletionTimestamp != nil, let entry = queue.remove(pod.uid) { await employ(entry.machine, .updated(pod)) }
            return
        }
        if !pod.isStatic { memory?.remember(pod) }
        var machine = machine(pod)
        let sandboxes = recovered.removeValue(forKey: pod.uid) ?? []
        let messages = await terminationMessages(of: sandboxes, pod)
        let lastLogs = await lastLogs(of: pod, besides: sandboxes)
        if let eviction = evicted[pod.uid] { machine.resume(eviction) }
        machine.adopt(sandboxes, at: time.moment, rules: runner.context().resources, lastLogs: lastLogs) { messages[$0.id] }
        // An earlier agent has admitted a pod that already runs.
        let needsPlace = sandboxes.isEmpty && !machine.isEnding && !machine.isDeleting && !machine.isOver
        if needsPlace { queue.add(pod, machine, arrival: time.moment) } else { await employ(machine, .updated(pod)) }
    }

    /// Ends a pod that is not in the API.
    func end(_ pod: Pod, _ sandboxes: [RecoveredSandbox]) async {
        var machine = machine(pod)
        machine.receive(.removed, at: time.moment)
        machine.adopt(sandboxes, at: time.moment) { _ in nil }
        await employ(machine, .removed)
    }

    private func machine(_ pod: Pod) -> PodMachine {
        PodMachine(pod: pod, startTime: time.wallTime().wholeSeconds, maxRestartPause: runner.context().maxRestartPause)
    }

    /// - Parameter arrival: when the pod came; `nil` for now.
    func employ(_ machine: PodMachine, _ event: PodEvent, arrival: Moment? = nil) async {
        let worker = PodWorker(machine, surroundings, arrival: arrival ?? time.moment)
        workers[machine.pod.uid] = worker
        cameOrWent.yield()
        await worker.handle(event)
        for event in earlyEvents.removeValue(forKey: machine.pod.uid) ?? [] { await deliver(event, to: worker) }
    }

    func remove(uid: String) async {
        statuses.forget(podUID: uid)
        if let entry = queue.remove(uid) { return await employ(entry.machine, .removed) }
        await workers[uid]?.handle(.removed)
    }

    private var surroundings: PodWorker.Surroundings {
        PodWorker.Surroundings(
            runner: runner, statuses: statuses, mirrors: mirrors.index, tasks: tasks, wakes: wakes, time: time, hostIPs: hostIPs,
            activePods: activePods, ends: endWatch, memory: memory, review: { [self] in await review($0, allocated: $1) },
            onGone: { [self] in await forget($0) })
    }

    private func forget(_ pod: PodIdentity) async {
        workers[pod.uid] = nil
        resizes.forget(pod.uid)
        let key = ObjectKey(namespace: pod.namespace, name: pod.name)
        if uids[key] == pod.uid { uids[key] = nil }
        await forgetEviction(pod.uid)
        runner.files.remove(podUID: pod.uid)
        memory?.forget(podUID: pod.uid)
        if let (names, namespace) = held.removeValue(forKey: pod.uid) { runner.ports.objects.release(names, namespace: namespace) }
        await staticPodGone(pod.uid)
        cameOrWent.yield()
    }

    func remember(_ eviction: PodEviction, podUID: String) async {
        evicted[podUID] = eviction
        await evictions.store(eviction, podUID: podUID)
    }

    private func forgetEviction(_ podUID: String) async {
        if evicted.removeValue(forKey: podUID) != nil { await evictions.remove(podUID: podUID) }
    }

    /// Forgets the evictions of pods that have gone while no agent ran.
    func forgetEvictionsOfUnknownPods() async {
        for uid in evicted.keys where !isKnown(uid) { await forgetEviction(uid) }
    }

    private func hold(_ pod: Pod) {
        guard held[pod.uid] == nil, pod.status?.phase?.isTerminal != true else { return }
        let names = ObjectNames(pod: pod)
        held[pod.uid] = (names, pod.namespace)
        runner.ports.objects.hold(names, namespace: pod.namespace)
    }

    private func wake(_ uid: String) async {
        await workers[uid]?.wake()
        if queue[uid] != nil { admissionIsDue.yield() }
    }

    private func followRuntime() async {
        for await event in runner.ports.runtime.events {
            guard let uid = sandboxes.podUID(ofSandbox: event.sandboxID) else { continue }
            if let worker = workers[uid] {
                await deliver(event, to: worker)
            } else {
                earlyEvents[uid]?.append(event)
            }
        }
    }

    private func deliver(_ event: RuntimeEvent, to worker: PodWorker) async {
        switch event {
        case .sandboxEnded(let id): await worker.handle(.sandboxEnded(id: id))
        case .containerExited(_, let id, let exit):
            var message: String?
            if let files = runner.files[id] { message = await TerminationMessage.read(files, exit, await worker.pod, runner.ports.folders) }
            await worker.handle(.containerExited(id: id, exit, message: message))
        }
    }

    /// Returns when the manager and all workers have answered: none of them is held up.
    package func answer() async {
        for worker in workers.values { await worker.answer() }
    }

    func isKnown(_ uid: String) -> Bool { workers[uid] != nil || queue[uid] != nil }

    func takeRecovered() -> [String: [RecoveredSandbox]] {
        defer { recovered = [:] }
        return recovered
    }

    func takeRecovered(_ uid: String) -> [RecoveredSandbox] { recovered.removeValue(forKey: uid) ?? [] }

    /// Updates the files of the pods that show a changed ConfigMap or Secret.
    package func objectsChanged(configMaps: Set<ObjectKey> = [], secrets: Set<ObjectKey> = []) async {
        for (uid, (names, namespace)) in held {
            let isConcerned =
                names.configMaps.contains { configMaps.contains(ObjectKey(namespace: namespace, name: $0)) }
                || names.secrets.contains { secrets.contains(ObjectKey(namespace: namespace, name: $0)) }
            if isConcerned { await workers[uid]?.handle(.objectsChanged) }
        }
    }

    /// Goes on with the pods that wait for the pod network.
    package func networkReady() async {
        for worker in workers.values { await worker.handle(.networkReady) }
    }

    /// Decides about the pods that wait for the node's labels and resources.
    package func nodeKnown() {
        admissionIsDue.yield()
    }

    package var count: Int { workers.count }

    /// Returns the pods with their latest status.
    package func pods() async -> [Pod] {
        var pods = queue.pods
        for worker in workers.values { pods.append(await worker.pod) }
        return pods.sorted { $0.key < $1.key }
    }

    package func files(ofContainer id: String) -> ContainerFiles.Entry? { runner.files[id] }

    package func machine(ofPod key: ObjectKey, uid: String?) async -> PodMachine? {
        let uid = uid.map(mirrors.index.uidOnNode) ?? uids[key] ?? statics.handOver.uid(of: key)
        guard let uid, let machine = await workers[uid]?.state ?? queue[uid]?.machine else { return nil }
        return machine.pod.key == key ? machine : nil
    }
}

extension RuntimeEvent {
    fileprivate var sandboxID: String {
        switch self {
        case .containerExited(let sandboxID, _, _), .sandboxEnded(let sandboxID): sandboxID
        }
    }
}
