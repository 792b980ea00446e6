import KubeModel

/// The parts of a pod's status that clients wait for. Every other part may reach the API server a moment later.
struct StatusMilestones: Equatable, Sendable {
    private enum Part: Hashable {
        case phase
        case reason
        case podIPs
        case condition(String)
        case state(container: String)
        case restarts(container: String)
        case readiness(container: String)
    }

    private static let conditions: Set<String> = ["Ready", "ContainersReady", "Initialized"]

    private var values: [Part: String] = [:]

    init(_ status: PodStatus) {
        let containers = status.allContainerStatuses
        values[.phase] = status.phase?.rawValue
        values[.reason] = status.reason
        // Nothing answers on the addresses before the first container runs; kubelet does not show them before.
        if containers.contains(where: { !$0.state.isBeginning }) {
            values[.podIPs] = status.podIPs.map { $0.map(\.ip).joined(separator: " ") }
        }
        for condition in status.conditions ?? [] where Self.conditions.contains(condition.type) {
            values[.condition(condition.type)] = "\(condition.status) \(condition.reason ?? "")"
        }
        for container in containers {
            values[.state(container: container.name)] = container.state.kind
            values[.restarts(container: container.name)] = "\(container.restartCount)"
            values[.readiness(container: container.name)] = "\(container.ready) \(container.started ?? false)"
        }
    }

    /// Whether a client misses nothing when it sees only `earlier` and `later`: each part has the value of one of the two.
    func areShown(by earlier: StatusMilestones?, and later: StatusMilestones) -> Bool {
        let parts = Set(values.keys).union(later.values.keys)
        return parts.allSatisfy { part in
            values[part] == later.values[part] || earlier.map { values[part] == $0.values[part] } ?? false
        }
    }
}

extension PodStatus {
    /// No container has been tried yet, and nothing hinders the first one.
    var isBeginning: Bool {
        let containers = allContainerStatuses
        return phase == .pending && reason == nil && !containers.isEmpty && containers.allSatisfy { $0.state.isBeginning && $0.restartCount == 0 }
    }
}

extension ContainerState {
    fileprivate var kind: String {
        if running != nil { return "running" }
        if let terminated { return "terminated \(terminated.exitCode) \(terminated.reason ?? "")" }
        return "waiting \(waiting?.reason ?? "")"
    }

    /// The container has not been tried yet.
    fileprivate var isBeginning: Bool {
        running == nil && terminated == nil && ["ContainerCreating", "PodInitializing"].contains(waiting?.reason)
    }
}
