package import KubeModel

extension PodMachine {
    /// The pod with the resources that are set aside for it, in place of those that its spec asks for: what the node makes of it.
    package var allocatedPod: Pod {
        guard resize.isPending else { return pod }
        var pod = pod
        pod.spec = pod.spec.with(resize.allocated)
        return pod
    }

    /// The place of the pod among those whose resizes wait for room; `nil` if it does not wait.
    package var resizeRank: ResizeRank? {
        guard !isEnding, case .deferred = resize.review.step else { return nil }
        return ResizeRank(
            grows: ResourceAmounts(requestedBy: pod).exceeds(ResourceAmounts(requestedBy: allocatedPod)), priority: pod.spec.priority ?? 0,
            isGuaranteed: pod.spec.qosClass == .guaranteed, since: resize.review.pending?.since)
    }
}
