package import KubeModel

/// Finds pods that this node cannot take, before anything is made for them: kubelet's admit handlers in their order.
package struct PodAdmission: Sendable {
    private let sysctls: SysctlRules
    private let hasAppArmor: Bool
    private let pressures: NodePressures
    private let isShuttingDown: Bool

    /// - Parameters:
    ///   - hasAppArmor: whether the kernel enforces AppArmor.
    ///   - pressures: the node's shortages, for which it takes no further pods.
    package init(sysctls: SysctlRules, hasAppArmor: Bool, pressures: NodePressures = NodePressures(), isShuttingDown: Bool = false) {
        self.sysctls = sysctls
        self.hasAppArmor = hasAppArmor
        self.pressures = pressures
        self.isShuttingDown = isShuttingDown
    }

    /// - Parameter node: this node with its labels, taints and allocatable resources.
    package func verdict(on pod: Pod, _ node: Node, others: ActivePods) -> AdmissionVerdict {
        if let refusal = pressures.refusal(of: pod) ?? shutdownRefusal ?? sysctlRefusal(pod) ?? operatingSystemRefusal(pod) {
            return .refused(refusal, isByLabels: false)
        }
        let failures = NodePredicates(node: node, others: others).failures(of: pod)
        let shortages = failures.compactMap { if case .insufficient(let shortage) = $0 { shortage } else { nil } }
        // Pods are not ended for a pod that does not get in anyway: for it, resources are no reason.
        let reasons = pod.preempts ? failures.filter { if case .insufficient = $0 { false } else { true } } : failures
        if let first = reasons.first { return .refused(first.refusal, isByLabels: failures.allSatisfy { $0 == .nodeAffinity }) }
        if let refusal = appArmorRefusal(pod) { return .refused(refusal, isByLabels: false) }
        guard !failures.isEmpty else { return .admitted }
        let preemption = Preemption(for: pod, lacking: shortages)
        if let victims = preemption.victims(among: others.pods) { return .preempts(victims: victims, resource: shortages.first?.name ?? "") }
        let message =
            "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: "
            + "no set of running pods found to reclaim resources: \(preemption.unattainable(among: others.pods))"
        return .refused(PodRefusal(reason: "UnexpectedAdmissionError", message: message), isByLabels: false)
    }

    private var shutdownRefusal: PodRefusal? {
        isShuttingDown ? PodRefusal(reason: "NodeShutdown", message: "Pod was rejected as the node is shutting down.") : nil
    }

    private func sysctlRefusal(_ pod: Pod) -> PodRefusal? {
        do throws(PlanFailure) {
            _ = try SandboxPlan.sysctls(of: pod, sysctls)
            return nil
        } catch {
            return PodRefusal(reason: "SysctlForbidden", message: error.message)
        }
    }

    private func appArmorRefusal(_ pod: Pod) -> PodRefusal? {
        do throws(PlanFailure) {
            if try AppArmorRules.isRequired(by: pod), !hasAppArmor { throw PlanFailure("AppArmor is not enabled on the host") }
            return nil
        } catch {
            return PodRefusal(reason: "AppArmor", message: "Cannot enforce AppArmor: \(error.message)")
        }
    }

    /// Kubernetes looks at the pod's own label here, not at its selector; `spec.os` has replaced it.
    private func operatingSystemRefusal(_ pod: Pod) -> PodRefusal? {
        if let label = pod.metadata.labels?[NodePredicates.operatingSystemLabel], label != NodePredicates.operatingSystem {
            return PodRefusal(
                reason: "PodOSSelectorNodeLabelDoesNotMatch",
                message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
        }
        if let os = pod.spec.os, os.name != NodePredicates.operatingSystem {
            return PodRefusal(reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS")
        }
        return nil
    }
}
