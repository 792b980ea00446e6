import KubeModel
import Timing

/// The resources of a pod in three stages: what its spec asks for, what the node has set aside for it, and what its cgroups enforce.
///
/// The node looks at a change of the first (``ResizeReview``) and makes it the second; a ``ResizeProgress`` makes that the third. Everything that the
/// node makes of the pod follows the second.
struct PodResize: Sendable {
    private(set) var desired: PodResources
    private(set) var allocated: PodResources
    /// The resources that the cgroups enforce when the allocation is in force.
    private(set) var target: ActuatedResources
    /// The resources that the cgroups enforce: of the latest sandbox, and of the latest container of each name.
    private(set) var actuated: ActuatedResources
    private(set) var review = ResizeReview()
    private(set) var progress: ResizeProgress?

    /// A pod is admitted with what its spec asks for.
    init(_ spec: PodSpec) {
        desired = PodResources(spec)
        allocated = desired
        target = ActuatedResources(enforcing: spec)
        actuated = target
    }

    /// The pod asks for something else than what is set aside for it.
    var isPending: Bool { desired != allocated }

    var isUnderWay: Bool { progress?.step == .underWay }

    // MARK: The review

    /// The pod's spec may ask for other resources.
    mutating func update(_ spec: PodSpec) {
        let newer = PodResources(spec)
        guard newer != desired else { return }
        desired = newer
        review.want(isChange: isPending)
    }

    mutating func roomFreed() {
        review.roomFreed()
    }

    mutating func decideReview(generation: Int64, at now: Duration, into decision: inout Decision) {
        review.decide(ResizeRequest(desired, generation: generation), at: now, into: &decision)
    }

    /// - Returns: whether other resources are set aside for the pod from here on.
    mutating func receive(_ verdict: ResizeVerdict, to request: ResizeRequest, pod: Pod, at now: Moment, into decision: inout Decision) -> Bool {
        guard case .underWay = review.step else { return false }
        let isAllocated = verdict == .fits && request.resources != allocated
        if isAllocated {
            allocate(request.resources, of: pod.spec)
            progress =
                progress?.superseded(generation: request.generation, at: now)
                ?? ResizeProgress(generation: request.generation, since: now.wall.wholeSeconds)
            decision.record(.normal, "ResizeStarted", ResizeMessage("Pod resize started", pod.with(allocated), request.generation).text)
        }
        let isShown = review.receive(
            verdict, to: request, isCurrent: request.resources == desired, isChange: isPending, at: now)
        if isShown { report(verdict, to: request, pod, into: &decision) }
        return isAllocated
    }

    private func report(_ verdict: ResizeVerdict, to request: ResizeRequest, _ pod: Pod, into decision: inout Decision) {
        let (event, reason, message): (String, String, String)
        switch verdict {
        case .fits, .unknown: return
        case .deferred(let why, let text): (event, reason, message) = ("ResizeDeferred", why, text)
        case .infeasible(let text): (event, reason, message) = ("ResizeInfeasible", ResizeReview.Pending.infeasible, text)
        }
        decision.record(
            .warning, event, ResizeMessage("Pod resize \(reason)", pod.with(request.resources), request.generation, error: message).text)
    }

    private mutating func allocate(_ resources: PodResources, of spec: PodSpec) {
        allocated = resources
        target = ActuatedResources(enforcing: spec.with(resources))
    }

    // MARK: The progress

    /// Takes the next step to the allocation being in force.
    mutating func decideProgress(_ records: [ContainerRecord], sandboxID: String?, pod: Pod, at now: Duration, into decision: inout Decision) {
        guard var progress, progress.step != .underWay else { return }
        if isSettled(records) {
            self.progress = nil
            return decision.record(.normal, "ResizeCompleted", ResizeMessage("Pod resize completed", pod.with(allocated), progress.generation).text)
        }
        if case .failed(let retryAt) = progress.step, retryAt > now { return decision.wake(at: retryAt) }
        // A start that is under way may still be one with the resources of before.
        guard let sandboxID, !records.contains(where: { $0.isStarting }), restarts(records, pod.spec).isEmpty else { return }
        let targets = records.compactMap { record -> ResizePlan.Target? in
            guard let id = record.running?.id, isStale(record) else { return nil }
            return ResizePlan.Target(name: record.name, id: id)
        }
        progress.begin()
        self.progress = progress
        decision.perform(.applyResize(ResizePlan(sandboxID: sandboxID, targets: targets, from: actuated, to: target)))
    }

    /// Running containers that must start anew to get what is allocated to them.
    func restarts(_ records: [ContainerRecord], _ spec: PodSpec) -> Set<String> {
        guard progress != nil else { return [] }
        return Set(
            records.filter { record in
                guard record.running != nil, let now = actuated.containers[record.name], let wanted = target.containers[record.name], now != wanted,
                    let container = spec.container(named: record.name)
                else { return false }
                return ComputeResources.names.contains { now.differs(from: wanted, in: $0) && container.restarts(toResize: $0) }
            }.map(\.name))
    }

    /// No container starts before the pod has got what the container was promised. After a failure they do: it may concern another container.
    func holdsStarts(_ records: [ContainerRecord]) -> Bool {
        switch progress?.step {
        case .underWay: true
        case .due: !isSettled(records)
        case .failed, nil: false
        }
    }

    private func isSettled(_ records: [ContainerRecord]) -> Bool {
        actuated.pod == target.pod && !records.contains { ($0.running != nil || $0.isStarting) && isStale($0) }
    }

    private func isStale(_ record: ContainerRecord) -> Bool {
        actuated.containers[record.name] != target.containers[record.name]
    }

    /// Notes the resources with which sandboxes and containers are made.
    mutating func noteBegun(_ actions: [PodAction]) {
        for action in actions {
            switch action {
            case .createSandbox: actuated.pod = target.pod
            case .startContainer(let name, _, _, _, _): actuated.containers[name] = target.containers[name]
            default: break
            }
        }
    }

    /// - Parameter sandboxID: the sandbox in which containers may run now.
    mutating func receive(_ outcome: ResizeOutcome, sandboxID: String?, pod: Pod, at now: Moment, into decision: inout Decision) {
        guard progress?.step == .underWay else { return }
        if outcome.sandboxID == sandboxID {
            actuated.pod = outcome.reached.pod
            actuated.containers.merge(outcome.reached.containers) { $1 }
        }
        guard let failure = progress?.receive(outcome.result, at: now), let progress else { return }
        decision.record(
            .warning, "ResizeError", ResizeMessage("Pod resize error", pod.with(allocated), progress.generation, error: failure).text)
    }

    // MARK: Recovery

    /// Takes over what an earlier agent has set aside and brought into force.
    mutating func adopt(_ found: RecoveredResources, pod: Pod, at now: Moment, into decision: inout Decision) {
        allocate(found.allocated, of: pod.spec)
        actuated = target
        if let pod = found.actuatedPod { actuated.pod = pod }
        actuated.containers.merge(found.actuatedContainers) { $1 }
        if isPending { review.adopt(pod.status?.condition(ResizeCondition.pending)) }
        let condition = pod.status?.condition(ResizeCondition.inProgress)
        if let condition {
            progress = ResizeProgress(
                generation: condition.observedGeneration ?? 0, since: condition.lastTransitionTime ?? now.wall.wholeSeconds,
                failure: condition.reason == ResizeCondition.error ? condition.message : nil)
        } else if actuated != target {
            let generation = pod.metadata.generation ?? 0
            progress = ResizeProgress(generation: generation, since: now.wall.wholeSeconds)
            decision.record(.normal, "ResizeStarted", ResizeMessage("Pod resize started", pod.with(allocated), generation).text)
        }
    }
}

extension Pod {
    fileprivate func with(_ resources: PodResources) -> Pod {
        var pod = self
        pod.spec = spec.with(resources)
        return pod
    }
}
