package import KubeModel

/// Why this node does not take a pod.
package struct PodRefusal: Sendable, Hashable {
    /// `status.reason`, and the reason of the event.
    package let reason: String
    package let message: String
}

/// Finds pods that this node can never run, before anything is made for them.
package struct PodAdmission: Sendable {
    private let sysctls: SysctlRules
    private let hasAppArmor: Bool

    /// - Parameter hasAppArmor: whether the kernel enforces AppArmor.
    package init(sysctls: SysctlRules, hasAppArmor: Bool) {
        self.sysctls = sysctls
        self.hasAppArmor = hasAppArmor
    }

    /// `nil` when the pod may run.
    package func refusal(of pod: Pod) -> PodRefusal? {
        do throws(PlanFailure) {
            _ = try SandboxPlan.sysctls(of: pod, sysctls)
        } catch {
            return PodRefusal(reason: "SysctlForbidden", message: error.message)
        }
        do throws(PlanFailure) {
            if try AppArmorRules.isRequired(by: pod), !hasAppArmor { throw PlanFailure("AppArmor is not enabled on the host") }
        } catch {
            return PodRefusal(reason: "AppArmor", message: "Cannot enforce AppArmor: \(error.message)")
        }
        return nil
    }
}
