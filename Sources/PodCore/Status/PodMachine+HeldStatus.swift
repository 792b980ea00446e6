package import KubeModel
package import Timing

extension PodMachine {
    /// While a deleted pod's containers are being stopped, the reported status stands, as with kubelet: clients see the end, not its steps.
    package var holdsStatus: Bool { end.step == .stoppingContainers && isDeleting }

    /// Returns a held status with the readiness of now: a pod that ends takes itself out of Services by its readiness probe.
    package func held(_ status: PodStatus, at now: Moment) -> PodStatus {
        var held = status
        held.initContainerStatuses = status.initContainerStatuses.map { $0.map(withReadiness) }
        held.containerStatuses = status.containerStatuses.map { $0.map(withReadiness) }
        let conditions = PodConditions(
            pod: pod, phase: status.phase ?? .running, initial: held.initContainerStatuses ?? [], regular: held.containerStatuses ?? [],
            isReadyToStart: true, isRestartingAll: false)
        let readiness = conditions.all().filter { $0.type == "Ready" || $0.type == "ContainersReady" }
        held.conditions = status.conditions?.map { condition in
            guard let newer = readiness.first(where: { $0.type == condition.type }), newer.status != condition.status else { return condition }
            return stamped(newer, previous: status, now)
        }
        return held
    }

    private func withReadiness(_ status: ContainerStatus) -> ContainerStatus {
        guard let record = containers.first(where: { $0.name == status.name }), record.shownRunning != nil, status.state.running != nil else {
            return status
        }
        var status = status
        status.ready = record.isReady && hasReadiness(record)
        return status
    }
}
