package import KubeModel
package import Timing

extension PodMachine {
    /// Returns the pod's status as the API server should show it.
    ///
    /// `previous` is the status that was last reported: transition times are kept from it where a condition did not change.
    package func status(hostIPs: [String], previous: PodStatus?, at now: Moment) -> PodStatus {
        var status = PodStatus(phase: reportedPhase(previous: previous?.phase))
        status.observedGeneration = pod.metadata.generation
        if let verdict = end.verdict, verdict.isRefusal || status.phase?.isTerminal == true {
            status.reason = verdict.reason
            status.message = verdict.message
        }
        if let verdict = end.verdict, verdict.isRefusal {
            status.phase = verdict.phase
            status.startTime = startTime
            status.qosClass = pod.spec.qosClass
            return status
        }
        status.hostIP = hostIPs.first
        status.hostIPs = hostIPs.isEmpty ? nil : hostIPs.map(AddressEntry.init)
        let podIPs = podIPs(hostIPs)
        status.podIP = podIPs.first
        status.podIPs = podIPs.isEmpty ? nil : podIPs.map(AddressEntry.init)
        status.startTime = startTime
        let initial = containers.filter { $0.role == .initial }.map { containerStatus($0, at: now.monotonic) }
        // Sorted by name, as clients of kubelet expect; init containers keep their order.
        let regular = containers.filter { $0.role == .regular }.map { containerStatus($0, at: now.monotonic) }.sorted { $0.name < $1.name }
        status.initContainerStatuses = initial.isEmpty ? nil : initial
        status.containerStatuses = regular
        let ephemeral = containers.filter { $0.role == .ephemeral }.map { containerStatus($0, at: now.monotonic) }
        status.ephemeralContainerStatuses = ephemeral.isEmpty ? nil : ephemeral
        status.qosClass = pod.spec.qosClass
        status.resources = actuatedPodResources
        status.allocatedResources = allocatedPod.spec.aggregateResources.requests
        var conditions = PodConditions(
            pod: pod, phase: phaseOfContainers, initial: initial, regular: regular, isReadyToStart: isReadyToStart,
            isRestartingAll: !isEnding && sequence.isRestartingAll(rules)
        ).all()
        if status.phase?.isTerminal == true, let condition = end.verdict?.condition { conditions.append(condition) }
        status.conditions = (status.phase?.isTerminal == true ? [] : resizeConditions) + conditions.map { stamped($0, previous: previous, now) }
        // Other components write this one too, and an earlier agent may have: it stays (`PodConditionSharedByKubelet`).
        let disruption = (previous ?? pod.status)?.conditions?.first { $0.type == PodEviction.conditionType }
        if let disruption, !conditions.contains(where: { $0.type == disruption.type }) { status.conditions?.append(disruption) }
        return status
    }

    /// Without a sandbox the pod keeps the addresses that it had last.
    private func podIPs(_ hostIPs: [String]) -> [String] {
        if pod.spec.usesHostNetwork { return hostIPs }
        let own = isReadyToStart || end.step > .stoppingSandbox ? addresses : []
        return own.isEmpty && sandbox.readyID == nil ? sandbox.lastAddresses : own
    }

    func stamped(_ condition: PodCondition, previous: PodStatus?, _ now: Moment) -> PodCondition {
        var condition = condition
        condition.observedGeneration = pod.metadata.generation
        let before = (previous ?? pod.status)?.conditions?.first { $0.type == condition.type }
        condition.lastTransitionTime = before?.status == condition.status ? before?.lastTransitionTime ?? now.wall : now.wall.wholeSeconds
        return condition
    }

    /// The sandbox has its network, and nothing else is missing before the first container can start.
    private var isReadyToStart: Bool {
        guard sandbox.readyID != nil else { return false }
        return volumesAreMounted || sequence.hasBegun
    }
}
