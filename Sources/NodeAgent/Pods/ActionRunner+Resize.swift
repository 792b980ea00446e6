import KubeModel
import PodCore

extension ActionRunner {
    /// Gives a running pod other limits, step by step.
    ///
    /// Memory limits are compared with the use of memory before the first step, so that a plan which cannot be completed is not begun.
    func apply(_ plan: ResizePlan, _ snapshot: PodSnapshot) async -> ResizeOutcome {
        var reached = plan.from
        do throws(RuntimeFailure) {
            if plan.lowersMemoryLimits, let refusal = try await refusal(of: plan) {
                return ResizeOutcome(sandboxID: plan.sandboxID, reached: reached, .failed(message: refusal))
            }
            for step in plan.steps {
                try await perform(step, from: reached, sandboxID: plan.sandboxID, snapshot.pod)
                reached.take(step)
            }
            return ResizeOutcome(sandboxID: plan.sandboxID, reached: reached, .done)
        } catch {
            let result: ResizeOutcome.Result =
                switch error.code {
                case .notFound, .notRunning: .interrupted
                default: .failed(message: error.message)
                }
            return ResizeOutcome(sandboxID: plan.sandboxID, reached: reached, result)
        }
    }

    private func refusal(of plan: ResizePlan) async throws(RuntimeFailure) -> String? {
        let stats = try await ports.resources.stats(ofSandbox: plan.sandboxID)
        var used: [String: UInt64] = [:]
        for case .container(let name, let id, _) in plan.steps { used[name] = stats.containers[id]?.memory.usage }
        return plan.refusal(pod: stats.total.memory.usage, containers: used)
    }

    /// A memory request has no file in the kernel: a step that changes nothing else needs no call.
    private func perform(_ step: ResizePlan.Step, from before: ActuatedResources, sandboxID: String, _ pod: Pod) async throws(RuntimeFailure) {
        let rules = context().resources
        switch step {
        case .pod(let amounts):
            let limits = pod.spec.cgroupResources(rules, enforcing: amounts)
            guard limits != pod.spec.cgroupResources(rules, enforcing: before.pod) else { return }
            _ = try await ports.resources.update(sandbox: sandboxID, resources: limits)
        case .container(let name, let id, let amounts):
            guard let container = pod.spec.container(named: name) else { return }
            func limits(_ amounts: ComputeResources?) -> CgroupResources {
                pod.spec.cgroupResources(of: container, rules, isCritical: pod.isCritical, enforcing: amounts)
            }
            let wanted = limits(amounts)
            guard wanted != limits(before.containers[name]) else { return }
            _ = try await ports.resources.update(container: id, inSandbox: sandboxID, resources: wanted)
        }
    }
}
