import KubeModel

/// Which containers of a pod run again, by its spec.
struct RestartRules: Sendable {
    let spec: PodSpec

    func isSidecar(_ record: ContainerRecord) -> Bool {
        record.role == .initial && spec.container(named: record.name)?.restartPolicy == .always
    }

    /// Whether the restart policy lets the container run, again if it has ended.
    func mayRun(_ record: ContainerRecord) -> Bool {
        guard let exitCode = record.ended?.exitCode else { return true }
        if record.role == .ephemeral { return false }
        if isSidecar(record) || record.shown?.replaced != nil || record.ended?.isByRestartOfAll == true { return true }
        if record.role == .initial, exitCode == 0 { return false }
        if spec.container(named: record.name)?.ruleAction(after: exitCode) != nil { return true }
        switch policy(of: record) {
        case .always: return true
        case .onFailure: return exitCode != 0
        case .never: return false
        }
    }

    /// Whether the container's end makes all containers of the pod run again, and has not done so yet.
    func restartsAll(_ record: ContainerRecord) -> Bool {
        guard let shown = record.shown, !shown.hasRestartedAll else { return false }
        return restartsAll(record, by: shown.end)
    }

    /// Whether an end of the container makes all containers of the pod run again.
    func restartsAll(_ record: ContainerRecord, by end: EndedContainer?) -> Bool {
        guard record.role != .ephemeral, let end, !end.isByRestartOfAll else { return false }
        return spec.container(named: record.name)?.ruleAction(after: end.exitCode) == .restartAllContainers
    }

    /// Whether a pod that has begun to run gets another sandbox for this container.
    func mayRunInAnotherSandbox(_ record: ContainerRecord) -> Bool {
        record.role == .regular && (record.ended == nil ? policy(of: record) != .never : mayRun(record))
    }

    /// Whether a container that is ended for a failed probe runs again. Its exit code does not matter.
    func restartsOnFailure(_ record: ContainerRecord) -> Bool { isSidecar(record) || policy(of: record) != .never }

    func hasFailedForGood(_ record: ContainerRecord) -> Bool {
        guard let ended = record.ended else { return false }
        return ended.exitCode != 0 && !mayRun(record)
    }

    /// The container's own policy, else the pod's.
    private func policy(of record: ContainerRecord) -> RestartPolicy {
        spec.container(named: record.name)?.restartPolicy ?? spec.restartPolicy ?? .always
    }
}
