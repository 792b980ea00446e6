import KubeModel
import MetricsStore
import PodCore
import Synchronization
import TestSupport
import Timing

@testable import KubeClient
@testable import NodeAgent

/// A pod manager on a fake node, with what it writes to the API.
final class NodeBench: Sendable {
    let time = ManualTime()
    let node = FakeNode()
    let statuses: Journal<String>
    let events = FakeEventAPI()
    let sandboxes = SandboxIndex()
    let nodes = FakeOwnNode()
    let pressures = NodePressureBoard()
    let evictions: FakeEvictionRecords
    let mirrorAPI = FakeMirrorPodAPI()
    let mirrors: MirrorPods
    let runner: ActionRunner
    let manager: PodManager
    let recorder: EventRecorder
    let api = FakePodStatusAPI()
    let metrics = MetricsRegistry(Catalogue.node)
    /// On the store that the test has given.
    let memory: NodeMemory?
    private let updates = ChangeMailbox<Pod>(initial: nil)
    private let snapshots: AsyncStream<[StaticPod]>
    private let manifests: AsyncStream<[StaticPod]>.Continuation

    /// - Parameters:
    ///   - hasManifests: whether the static pods are set by the test; without it there are none.
    ///   - evictions: by the pods' uids, from an earlier agent.
    ///   - store: where pods are remembered.
    init(hasManifests: Bool = false, evictions: [String: PodEviction] = [:], store: (any RecordStore)? = nil, resolvConf: String = "") {
        self.evictions = FakeEvictionRecords(evictions)
        let time = time
        memory = store.map { NodeMemory(store: $0, time: time, logger: .silent) }
        let ids = Mutex(0)
        let plain = NodeContext(
            nodeName: "node-1", hostIPs: ["192.0.2.1"], allocatable: ["cpu": Quantity(4), "memory": Quantity(8 << 30)], clusterDNS: ["10.96.0.10"],
            clusterDomain: "cluster.local",
            resolvConf: resolvConf, seccompDefault: false, seccompRoot: "/seccomp", resources: ResourceRules(nodeMemory: 8 << 30),
            logMaxSize: 1 << 20,
            logMaxFiles: 2, runtimeHandlers: ["runc"])
        let context: @Sendable () -> NodeContext = { [pressures] in
            var context = plain
            context.pressures = pressures.current
            return context
        }
        (snapshots, manifests) = AsyncStream.makeStream(of: [StaticPod].self, bufferingPolicy: .bufferingNewest(1))
        if !hasManifests { manifests.yield([]) }
        mirrors = MirrorPods(api: mirrorAPI, nodeName: "node-1", index: MirrorIndex(), time: time, logger: .silent)
        statuses = api.calls
        recorder = EventRecorder(api: events, nodeName: "node-1", time: time, logger: .silent)
        runner = ActionRunner(
            ports: node.ports, context: context, events: recorder, sandboxes: sandboxes, time: time, logger: .silent, metrics: metrics
        ) {
            "id-"
                + String(
                    ids.withLock { number in
                        number += 1
                        return number
                    })
        }
        manager = PodManager(
            runner: runner, statuses: StatusWriter(api: api, time: time, logger: .silent), sandboxes: sandboxes, nodes: nodes, mirrors: mirrors,
            memory: memory, time: time, logger: .silent, evictions: self.evictions
        ) { ["192.0.2.1"] }
    }

    /// Recovers, then runs the manager as long as the body takes.
    /// - Parameter isAway: whether the pods that the store holds are started without the API server.
    func run(isAway: Bool = false, _ body: () async throws -> Void) async throws {
        api.isAway = isAway
        try await manager.recover()
        await mirrors.nodeChanged(uid: "n1")
        try await whileRunning({ await self.recorder.run() }) {
            try await whileRunning(
                {
                    await self.manager.run(pods: ReflectorUpdates(mailbox: self.updates), statics: self.snapshots) {
                        isAway ? await self.memory?.pods() ?? [] : []
                    }
                }, body)
        }
    }

    func setStatic(_ pods: [StaticPod]) { manifests.yield(pods) }

    func list(_ pods: [Pod] = []) { updates.add(Dictionary(uniqueKeysWithValues: pods.map { ($0.key, .stored($0)) })) }
    func delete(_ pod: Pod) { updates.add([pod.key: .deleted(pod)]) }

    static func pod(uid: String = "u1", name: String = "web", restartPolicy: RestartPolicy = .always, _ change: (inout Pod) -> Void = { _ in }) -> Pod
    {
        var spec = PodSpec(containers: [Container(name: "main", image: "app")])
        spec.restartPolicy = restartPolicy
        var pod = Pod(metadata: ObjectMeta(name: name, namespace: "default", uid: uid), spec: spec)
        change(&pod)
        return pod
    }

    static func sandbox(_ id: String, of pod: PodIdentity, running container: String? = nil) -> RecoveredSandbox {
        sandbox(id, of: pod, container.map { [running(configuration(id: $0))] } ?? [])
    }

    static func running(_ configuration: ContainerConfiguration) -> RecoveredSandbox.Container {
        .init(
            configuration: configuration,
            condition: .running(StartedContainer(id: configuration.id, pid: 2, startedAt: Timestamp(seconds: 5))))
    }

    static func sandbox(_ id: String, of pod: PodIdentity, _ containers: [RecoveredSandbox.Container]) -> RecoveredSandbox {
        RecoveredSandbox(
            configuration: SandboxConfiguration(id: id, pod: pod, attempt: 0, hostname: "web", qosClass: "BestEffort"),
            createdAt: Timestamp(seconds: 1), addresses: ["10.0.0.7"], isRunning: true, networkNamespacePath: "/proc/1/ns/net",
            containers: containers)
    }

    static func configuration(
        id: String, name: String = "main", role: ContainerConfiguration.Role = .regular, restartCount: Int = 0, messageFile: String? = nil
    ) -> ContainerConfiguration {
        ContainerConfiguration(
            id: id, name: name, role: role, restartCount: restartCount, image: "app", imageID: "app@sha256:2", lowerDirectories: [],
            process: .init(
                args: ["/bin/true"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
                seccomp: .unconfined),
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: .init(path: "/logs/web/main/\(restartCount).log"), terminationMessageFile: messageFile ?? "/messages/\(id)")
    }
}
