import KubeModel
import PodCore
import Synchronization

extension SimulatedAPI {
    /// Never a status that goes back in time, nor one that says more than is true.
    func check(_ newer: Pod, after older: Pod) {
        guard let before = older.status, let after = newer.status else { return }
        func violated(_ text: String) { world.violated("status of \(newer.uid): \(text)") }
        // A client may make a pod terminal while the agent's last status is on its way.
        let isMadeTerminal = state.withLock { $0.madeTerminal.contains(newer.uid) }
        if before.phase?.isTerminal == true, after.phase != before.phase, !isMadeTerminal {
            violated("the phase goes from \(before.phase?.rawValue ?? "-") to \(after.phase?.rawValue ?? "-")")
        }
        if before.phase == .running, after.phase == .pending { violated("the phase goes back to Pending") }
        if let start = before.startTime, after.startTime != start { violated("the start time changes") }
        for container in after.allContainerStatuses {
            guard let earlier = before.container(named: container.name) else { continue }
            if container.restartCount < earlier.restartCount {
                violated("the restart count of \(container.name) goes from \(earlier.restartCount) to \(container.restartCount)")
            }
            if let old = earlier.state.running?.startedAt, let new = container.state.running?.startedAt, new < old {
                violated("\(container.name) runs since an earlier time than before")
            }
        }
        if after.phase?.isTerminal == true, !isMadeTerminal,
            node.state.withLock({ $0.sandboxes(of: newer.uid).contains { $0.isRunning && !$0.running.isEmpty } })
        {
            violated("the phase is \(after.phase?.rawValue ?? "-") while containers run")
        }
    }

    /// Once nothing has happened for a while: what another client has written over a status is gone.
    func checkReadiness() {
        for pod in pods where pod.metadata.deletionTimestamp == nil && pod.status?.phase == .running {
            let initial = pod.spec.initContainers ?? []
            if initial.isEmpty, !pod.has("Initialized") { world.violated("pod \(pod.uid) is not initialized and has nothing to initialize") }
            let sidecars = Set(initial.filter { $0.restartPolicy == .always }.map(\.name))
            let containers = (pod.status?.containerStatuses ?? []) + (pod.status?.initContainerStatuses ?? []).filter { sidecars.contains($0.name) }
            if !containers.isEmpty, containers.allSatisfy(\.ready), !pod.has("Ready") {
                world.violated("pod \(pod.uid) is not ready, its containers are")
            }
        }
    }
}

extension Pod {
    fileprivate func has(_ condition: String) -> Bool { status?.conditions?.contains { $0.type == condition && $0.status == "True" } ?? false }
}
