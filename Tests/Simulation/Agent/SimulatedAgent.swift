import KubeClient
import KubeModel
import Logging
import NodeAgent
import PodCore
import Synchronization
import TestSupport

/// One agent, from its start until it is killed: the real pod manager, with its workers, machines, statuses and events, on a simulated node.
final class SimulatedAgent: Sendable {
    let number: Int
    let ports: AgentPorts
    private let task: Task<Void, Never>
    private let mailbox: ChangeMailbox<Pod>
    private let hasEnded = Mutex(false)

    init(number: Int, _ node: SimulatedNode, _ api: SimulatedAPI) {
        let world = node.world
        world.note("agent \(number) starts")
        self.number = number
        let ports = AgentPorts(node)
        self.ports = ports
        let agentAPI = AgentAPI(api: api, ports: ports)
        let events = EventRecorder(
            api: agentAPI, nodeName: "node-1", time: world.time, random: { Double(world.random(0..<1000)) / 1000 }, logger: .silent)
        let sandboxes = SandboxIndex()
        let ids = Mutex(0)
        let runner = ActionRunner(
            ports: .init(
                runtime: ports, resources: ports, images: ports, network: ports, volumes: ports, folders: ports, objects: ports, services: ports,
                probes: ports),
            context: { Self.context }, events: events, sandboxes: sandboxes, time: world.time, logger: .silent,
            makeID: {
                let id = ids.withLock { id in
                    id += 1
                    return id
                }
                return "\(number).\(id)"
            })
        let statuses = StatusWriter(api: agentAPI, time: world.time, logger: .silent)
        let mirrors = MirrorPods(api: agentAPI, nodeName: "node-1", index: MirrorIndex(), time: world.time, logger: .silent)
        let manager = PodManager(
            runner: runner, statuses: statuses, sandboxes: sandboxes, nodes: SimulatedOwnNode(), mirrors: mirrors, time: world.time,
            logger: .silent
        ) { ["192.0.2.1"] }
        let mailbox = ChangeMailbox<Pod>(initial: nil)
        self.mailbox = mailbox
        task = Task(executorPreference: world.executor) {
            await withDiscardingTaskGroup { group in
                group.addTask { await events.run() }
                group.addTask {
                    do { try await manager.recover() } catch { return }
                    api.watch(mailbox)
                    await manager.run(pods: ReflectorUpdates(mailbox: mailbox))
                }
            }
        }
    }

    private static let context = NodeContext(
        nodeName: "node-1", hostIPs: ["192.0.2.1"], allocatable: [:], clusterDNS: ["10.96.0.10"], clusterDomain: "cluster.local",
        resolvConf: "", seccompDefault: false, seccompRoot: "/seccomp", resources: ResourceRules(nodeMemory: 8 << 30), logMaxSize: 1 << 20,
        logMaxFiles: 2)

    /// Ends the agent wherever it is. The simulation goes on with the jobs of its tasks, which have no effect any more.
    func kill() {
        ports.world.note("agent \(number) is killed")
        ports.kill()
        mailbox.finish()
        task.cancel()
        Task(executorPreference: ports.world.executor) { [self] in
            await task.value
            hasEnded.withLock { $0 = true }
        }
    }

    /// Whether a killed agent's tasks have all ended.
    var isOver: Bool { hasEnded.withLock { $0 } }
}
