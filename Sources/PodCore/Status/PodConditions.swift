import KubeModel

/// The conditions that a node writes, in the order in which kubelet writes them.
struct PodConditions {
    let pod: Pod
    let phase: PodPhase
    let initial: [ContainerStatus]
    let regular: [ContainerStatus]
    let isReadyToStart: Bool
    let isRestartingAll: Bool

    func all() -> [PodCondition] {
        let containersReady = containersReadyCondition()
        let ordinary = [
            PodCondition(type: "PodReadyToStartContainers", status: isReadyToStart),
            initialized(),
            ready(containersReady),
            containersReady,
            PodCondition(type: "PodScheduled", status: true),
        ]
        return pod.spec.mayRestartAll ? ordinary + [restartingAll()] : ordinary
    }

    /// `AllContainersRestarting`, of pods with such a rule.
    private func restartingAll() -> PodCondition {
        let type = "AllContainersRestarting"
        if phase == .succeeded { return PodCondition(type: type, status: false, reason: "PodCompleted") }
        if phase == .failed { return PodCondition(type: type, status: false, reason: "PodFailed") }
        guard isRestartingAll else { return PodCondition(type: type, status: false) }
        return PodCondition(type: type, status: true, reason: "RestartAllContainersStarted", message: "container exited with restart policy rule")
    }

    private func initialized() -> PodCondition {
        if phase == .succeeded { return PodCondition(type: "Initialized", status: true, reason: "PodCompleted") }
        if regular.contains(where: { $0.started == true || $0.containerID != nil }) { return PodCondition(type: "Initialized", status: true) }
        let incomplete = initial.filter { isSidecar($0.name) ? $0.started != true : !$0.ready }.map(\.name)
        if incomplete.isEmpty { return PodCondition(type: "Initialized", status: true) }
        return PodCondition(
            type: "Initialized", status: false, reason: "ContainersNotInitialized",
            message: "containers with incomplete status: [\(incomplete.joined(separator: " "))]")
    }

    private func containersReadyCondition() -> PodCondition {
        if phase == .succeeded { return PodCondition(type: "ContainersReady", status: false, reason: "PodCompleted") }
        if phase == .failed { return PodCondition(type: "ContainersReady", status: false, reason: "PodFailed") }
        let counted = initial.filter { isSidecar($0.name) } + regular
        let unready = counted.filter { !$0.ready }.map(\.name)
        if unready.isEmpty { return PodCondition(type: "ContainersReady", status: true) }
        return PodCondition(
            type: "ContainersReady", status: false, reason: "ContainersNotReady",
            message: "containers with unready status: [\(unready.joined(separator: " "))]")
    }

    private func ready(_ containersReady: PodCondition) -> PodCondition {
        var ready = containersReady
        ready.type = "Ready"
        guard containersReady.status == "True" else { return ready }
        var messages: [String] = []
        for gate in pod.spec.readinessGates ?? [] {
            let condition = pod.status?.conditions?.first { $0.type == gate.conditionType }
            if condition == nil {
                messages.append("corresponding condition of pod readiness gate \"\(gate.conditionType)\" does not exist.")
            } else if condition?.status != "True" {
                messages.append("the status of pod readiness gate \"\(gate.conditionType)\" is not \"True\", but \(condition?.status ?? "")")
            }
        }
        if messages.isEmpty { return ready }
        return PodCondition(type: "Ready", status: false, reason: "ReadinessGatesNotReady", message: messages.joined(separator: ", "))
    }

    private func isSidecar(_ name: String) -> Bool {
        pod.spec.initContainers?.first { $0.name == name }?.restartPolicy == .always
    }
}
