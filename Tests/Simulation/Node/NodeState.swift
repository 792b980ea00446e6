import KubeModel
import PodCore

/// The state of the simulated node, whether an agent runs or not.
struct NodeState {
    var sandboxes: [String: SimulatedSandbox] = [:]
    /// Mounted volumes by the pod's uid.
    var volumes: [String: Set<String>] = [:]
    /// Addresses by sandbox.
    var attached: Set<String> = []
    /// The highest number of a log, by container, by the pod's uid.
    var logs: [String: [String: Int]] = [:]
    /// The numbers that were given to containers, by `uid/name`. None is given twice.
    var usedCounts: [String: Set<Int>] = [:]
    /// The specs of all pods that there ever were, by uid.
    var specs: [String: Pod] = [:]
    /// The shortest grace period that the pod was deleted with.
    var graces: [String: Int64] = [:]

    func sandboxes(of uid: String) -> [SimulatedSandbox] {
        sandboxes.values.filter { $0.configuration.pod.uid == uid }.sorted { $0.configuration.attempt < $1.configuration.attempt }
    }

    /// Returns the remains of a pod: empty when the pod holds nothing.
    func remains(of uid: String) -> [String] {
        var remains = sandboxes(of: uid).map { "sandbox \($0.configuration.id)" }
        if let volumes = volumes[uid], !volumes.isEmpty { remains.append("volumes \(volumes.sorted().joined(separator: ","))") }
        remains += sandboxes(of: uid).filter { attached.contains($0.configuration.id) }.map { "addresses of \($0.configuration.id)" }
        return remains
    }
}
