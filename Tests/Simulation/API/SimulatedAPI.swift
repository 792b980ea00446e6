import DevCluster
import KubeClient
import KubeModel
import NodeAgent
import Synchronization
import TestSupport

/// The API server of a simulation, as far as pods go.
final class SimulatedAPI: Sendable {
    struct State {
        var pods: [ObjectKey: Pod] = [:]
        var version = 1
        var isAway = false
        var mailbox: ChangeMailbox<Pod>?
        /// The agent has got the list. No change comes before.
        var isListed = false
        /// Pods whose phase a client has made terminal, by uid.
        var madeTerminal: Set<String> = []
    }

    let world: World
    let node: SimulatedNode
    let state = Mutex(State())

    init(_ world: World, _ node: SimulatedNode) {
        self.world = world
        self.node = node
    }

    var pods: [Pod] { state.withLock { $0.pods.values.sorted { $0.key < $1.key } } }

    // MARK: Watching

    /// Begins the watch of another agent: the list comes soon.
    func watch(_ mailbox: ChangeMailbox<Pod>?) {
        state.withLock { state in
            state.mailbox = mailbox
            state.isListed = false
        }
        guard let mailbox else { return }
        world.after(.milliseconds(world.random(1..<200))) { [self] in
            let list = state.withLock { state -> [ObjectKey: Pod] in
                if state.mailbox === mailbox { state.isListed = true }
                return state.pods
            }
            mailbox.add(list.mapValues { .stored($0) })
        }
    }

    /// Reports the newest state of an object after a while, perhaps twice.
    private func report(_ key: ObjectKey, deleted: Pod? = nil) {
        let tell: @Sendable () -> Void = { [self] in
            let (mailbox, pod) = state.withLock { ($0.isListed ? $0.mailbox : nil, $0.pods[key]) }
            if let pod { mailbox?.add([key: .stored(pod)]) } else if let deleted { mailbox?.add([key: .deleted(deleted)]) }
        }
        world.after(world.fails(oneIn: 30) ? .seconds(world.random(1..<10)) : .milliseconds(world.random(1..<20)), tell)
        if world.fails(oneIn: 20) { world.after(.seconds(world.random(1..<20)), tell) }
    }

    // MARK: Clients

    func create(_ pod: Pod) {
        world.note("create pod \(pod.name) \(pod.uid) \((try? Wire.encode(pod.spec))?.description ?? "")")
        node.state.withLock { $0.specs[pod.uid] = pod }
        keep(pod)
    }

    /// Stores the pod as its next version.
    @discardableResult
    private func keep(_ pod: Pod) -> ObjectVersion? {
        let version = state.withLock { state in
            state.version += 1
            var pod = pod
            pod.metadata.resourceVersion = "\(state.version)"
            state.pods[pod.key] = pod
            return pod.metadata.version
        }
        report(pod.key)
        return version
    }

    func change(_ key: ObjectKey, _ what: String, _ change: (inout Pod) -> Void) {
        guard var pod = state.withLock({ $0.pods[key] }) else { return }
        world.note("\(what) \(pod.name) \(pod.uid)")
        change(&pod)
        pod.metadata.generation = (pod.metadata.generation ?? 1) + 1
        let changed = pod
        node.state.withLock { $0.specs[pod.uid] = changed }
        keep(changed)
    }

    /// As a controller does with the pods of a node that seems to be silent. It takes Initialized back, too: most pods here are not ready anyway.
    func markNotReady(_ key: ObjectKey) {
        guard var pod = state.withLock({ $0.pods[key] }), let conditions = pod.status?.conditions else { return }
        world.note("mark as not ready \(pod.name) \(pod.uid)")
        for (place, condition) in conditions.enumerated() where ["Ready", "Initialized"].contains(condition.type) {
            pod.status?.conditions?[place].status = "False"
        }
        keep(pod)
    }

    func delete(_ key: ObjectKey, grace: Int64) {
        let end = world.time.wallTime().advanced(bySeconds: grace)
        guard let pod = state.withLock({ $0.pods[key] }) else { return }
        if let earlier = pod.metadata.deletionGracePeriodSeconds, earlier <= grace { return }
        change(key, "delete with grace \(grace)") { pod in
            pod.metadata.deletionTimestamp = end
            pod.metadata.deletionGracePeriodSeconds = grace
        }
    }

    func remove(_ key: ObjectKey) {
        guard let pod = state.withLock({ $0.pods.removeValue(forKey: key) }) else { return }
        world.note("remove from the API \(pod.name) \(pod.uid)")
        report(key, deleted: pod)
    }

    func makeTerminal(_ key: ObjectKey) {
        guard let uid = state.withLock({ $0.pods[key]?.uid }) else { return }
        state.withLock { _ = $0.madeTerminal.insert(uid) }
        change(key, "make terminal") { pod in
            var status = pod.status ?? PodStatus(phase: .failed)
            if status.phase?.isTerminal != true { status.phase = .failed }
            pod.status = status
        }
    }

    // MARK: The agent

    func store(_ status: JSONValue, of key: ObjectKey, uid: String) throws -> ObjectVersion? {
        guard let pod = state.withLock({ $0.pods[key] }) else { throw Answer.notFound }
        guard pod.uid == uid else { throw Answer.otherUID }
        let patched = try StrategicMergePatch.apply(["status": status], to: Wire.encode(pod), kind: "Pod")
        let newer: Pod = try Wire.decode(patched)
        check(newer, after: pod)
        return keep(newer)
    }

    func finish(_ key: ObjectKey, uid: String) throws {
        guard let pod = state.withLock({ $0.pods[key] }) else { throw Answer.notFound }
        guard pod.uid == uid else { throw Answer.otherUID }
        let remains = node.state.withLock { $0.remains(of: uid) }
        if !remains.isEmpty { world.violated("pod \(uid) is deleted from the API while it holds \(remains)") }
        remove(key)
    }
}
