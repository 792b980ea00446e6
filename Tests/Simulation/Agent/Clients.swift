import KubeModel
import Synchronization

/// Users, controllers and accidents: what happens to pods, the node and the agent from outside, at random times.
extension Simulation {
    func planNextChange() {
        world.after(.milliseconds(world.random(100..<15_000))) { [self] in
            guard world.hasFaults else { return }
            change()
            planNextChange()
        }
    }

    private func change() {
        switch world.random(0..<42) {
        case 0..<10: create()
        case 10..<18: onSomePod { api.delete($0, grace: Int64(world.random(0..<40))) }
        case 18..<20: onSomePod { api.remove($0) }
        case 20..<23: onSomePod { api.change($0, "relabel") { $0.metadata.labels = ["a": "\($0.metadata.generation ?? 0)"] } }
        case 23..<26: onSomePod { api.change($0, "another image") { $0.spec.containers[0].image = "b\($0.metadata.generation ?? 0)" } }
        case 26..<28: onSomePod { api.change($0, "ephemeral container", addEphemeral) }
        case 28: onSomePod { api.change($0, "deadline") { $0.spec.activeDeadlineSeconds = 20 } }
        case 29: onSomePod { api.makeTerminal($0) }
        case 30..<34: node.loseSandbox()
        case 34..<36: goAway()
        case 36..<39: restartAgent()
        case 39..<41: onSomePod { api.markNotReady($0) }
        default: reboot()
        }
    }

    private func create() {
        let pod = RandomPods(world: world).pod(nextPodNumber())
        guard api.state.withLock({ $0.pods[pod.key] == nil && $0.pods.count < 12 }) else { return }
        api.create(pod)
    }

    private func addEphemeral(_ pod: inout Pod) {
        let name = "e\(pod.spec.ephemeralContainers?.count ?? 0)"
        pod.spec.ephemeralContainers = (pod.spec.ephemeralContainers ?? []) + [Container(name: name, image: "b")]
    }

    private func onSomePod(_ change: (ObjectKey) -> Void) {
        let pods = api.pods
        if !pods.isEmpty { change(pods[world.random(0..<pods.count)].key) }
    }

    /// The API server stops answering for a while.
    private func goAway() {
        world.note("the API server is away")
        api.state.withLock { $0.isAway = true }
        world.after(.seconds(world.random(1..<120))) { [self] in
            world.note("the API server is back")
            api.state.withLock { $0.isAway = false }
        }
    }
}
