import KubeModel
package import Timing

extension PodMachine {
    /// Takes over that an earlier agent has evicted the pod, and has told so. To be called before ``adopt(_:at:rules:lastLogs:message:)``.
    package mutating func resume(_ eviction: PodEviction) {
        if end.verdict == nil { end.decree(PodVerdict(eviction)) }
    }

    /// Takes over what an earlier agent started.
    ///
    /// - Parameters:
    ///   - rules: the node's, by which an earlier agent made cgroups of the pod's resources.
    ///   - lastLogs: the highest number of a log by container.
    ///   - message: a container's termination message.
    package mutating func adopt(
        _ sandboxes: [RecoveredSandbox], at now: Moment, rules: ResourceRules = ResourceRules(), lastLogs: [String: Int] = [:],
        message: (ContainerConfiguration) -> String?
    ) {
        let isTerminal = pod.status?.phase?.isTerminal == true
        let ordered = sandboxes.sorted { $0.configuration.attempt < $1.configuration.attempt }
        let live = sandbox.adopt(ordered, needsAddress: !pod.spec.usesHostNetwork)
        sequence.adopt(ordered, live: live, pod: pod, isEnding: isEnding, at: now, lastLogs: lastLogs, message: message)
        if !isEnding {
            let running = Set(containers.compactMap(\.running?.id))
            resize.adopt(RecoveredResources(of: pod, live: live, running: running, rules), pod: pod, at: now, into: &pending)
        }
        if live == nil, !isTerminal, !isDeleting, end.verdict == nil { startOver() }
    }
}
