import KubeModel
import TestSupport

@testable import PodCore

/// The memory limits of a random node's pod and of its containers, as the kernel would have them.
struct RandomCgroups {
    private var pod: Quantity?
    /// Of the running containers; `nil` for a container without a limit.
    private var containers: [String: Quantity?] = [:]
    /// Of a sandbox or container that is being made: fixed when the action is decided.
    private var pending: [String: Quantity] = [:]

    static func resources(using random: inout SeededGenerator) -> ResourceRequirements {
        let memory = Quantity(bytes: Int64.random(in: 1...4, using: &random) << 20)
        let cpu = Quantity(milli: Int64.random(in: 1...4, using: &random) * 100)
        return ResourceRequirements(limits: ["memory": memory, "cpu": cpu], requests: ["memory": memory, "cpu": cpu])
    }

    mutating func note(_ action: PodAction, _ spec: PodSpec) {
        switch action {
        case .createSandbox(let attempt): pending["s\(attempt)"] = spec.aggregateResources.limits?["memory"]
        case .startContainer(let name, _, _, _, _): pending[name] = spec.container(named: name)?.resources?.limits?["memory"]
        default: break
        }
    }

    mutating func make(sandbox id: String) {
        pod = pending[id]
        containers = [:]
    }

    mutating func start(_ name: String) {
        containers.updateValue(pending[name], forKey: name)
    }

    mutating func end(_ name: String) {
        containers.removeValue(forKey: name)
    }

    /// Takes the steps of a plan, and names those after which the containers may use more than the pod. A container that started while a resize had
    /// failed may have been promised more than the pod has got: then only the end counts.
    mutating func apply(_ steps: some Sequence<ResizePlan.Step>) -> [String] {
        let wasFit = isFit
        var found: [String] = []
        for step in steps {
            switch step {
            case .pod(let amounts): pod = amounts.limits["memory"]
            case .container(let name, _, let amounts):
                if containers.keys.contains(name) { containers.updateValue(amounts.limits["memory"], forKey: name) }
            }
            if wasFit, !isFit { found.append("containers may use \(containers), the pod \(pod?.text ?? "all") after \(step)") }
        }
        return found
    }

    private var isFit: Bool {
        guard let pod else { return true }
        let limits = containers.values.compactMap { $0 }
        return limits.count == containers.count && limits.reduce(Quantity(0)) { $0.adding($1) } <= pod
    }

    func differences(from spec: PodSpec, running: [String], hasSandbox: Bool) -> [String] {
        guard hasSandbox else { return [] }
        var found: [String] = []
        let wanted = spec.aggregateResources.limits?["memory"]
        if pod != wanted { found.append("the pod has \(pod?.text ?? "-"), not \(wanted?.text ?? "-")") }
        for name in running {
            let wanted = spec.container(named: name)?.resources?.limits?["memory"]
            let limit = containers[name] ?? nil
            if limit != wanted { found.append("\(name) has \(limit?.text ?? "-"), not \(wanted?.text ?? "-")") }
        }
        return found
    }
}
