import KubeModel
import Timing

extension PodMachine {
    /// The conditions of a resize, while there is one.
    var resizeConditions: [PodCondition] {
        [resize.review.pending?.condition, resize.progress?.condition].compactMap { $0 }
    }

    /// The pod's resources in force. Those that cannot be resized, and those of a pod without a sandbox, are the allocated ones.
    var actuatedPodResources: ResourceRequirements {
        let allocated = allocatedPod.spec.aggregateResources
        return resize.actuated.pod.written(over: allocated) ?? allocated
    }

    /// Shows what is allocated to a container and, if it runs, what of it is in force.
    func addResources(_ record: ContainerRecord, to status: inout ContainerStatus) {
        // Of a container that was never made, only while the spec asks for something else: the next agent finds the allocation here.
        let isShown = status.containerID != nil || record.wasCreated && record.running?.postStart == nil
        guard isShown || resize.isPending && record.role != .ephemeral else { return }
        let allocated = allocatedPod.spec.container(named: record.name)?.resources ?? ResourceRequirements()
        status.allocatedResources = allocated.requests
        status.resources = ResourceRequirements(limits: allocated.limits, requests: allocated.requests)
        guard record.running != nil, let actuated = resize.actuated.containers[record.name] else { return }
        status.resources?.requests = allocated.requests.map { Self.inForce($0, actuated.requests) }
        status.resources?.limits = allocated.limits.map { Self.inForce($0, actuated.limits) }
    }

    /// The amounts in force of the listed resources: a limit that comes from the pod alone is not the container's.
    private static func inForce(_ list: [String: Quantity], _ actuated: [String: Quantity]) -> [String: Quantity] {
        var result = list
        for name in ComputeResources.names where list[name].map({ !$0.isZero }) ?? false { result[name] = actuated[name] }
        return result
    }
}

extension ResizeReview.Pending {
    fileprivate var condition: PodCondition {
        PodCondition(resize: ResizeCondition.pending, since: since, generation: generation, reason: reason, message: message)
    }
}

extension ResizeProgress {
    fileprivate var condition: PodCondition {
        PodCondition(
            resize: ResizeCondition.inProgress, since: since, generation: generation, reason: failure.map { _ in ResizeCondition.error },
            message: failure)
    }
}

extension PodCondition {
    fileprivate init(resize type: String, since: Timestamp, generation: Int64, reason: String?, message: String?) {
        self.init(type: type, status: true, reason: reason, message: message, observedGeneration: generation)
        lastProbeTime = since
        lastTransitionTime = since
    }
}
