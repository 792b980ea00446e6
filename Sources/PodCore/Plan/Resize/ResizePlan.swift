import KubeModel

/// The changes of cgroups that give a running pod other resources, in their order.
///
/// One resource after the other: what the pod gains is there before its containers get it, and what it loses is taken from the containers first. So
/// at no time may the containers together use more than the pod.
package struct ResizePlan: Sendable, Hashable {
    package enum Step: Sendable, Hashable {
        case pod(ComputeResources)
        case container(name: String, id: String, ComputeResources)
    }

    package struct Target: Sendable, Hashable {
        package let name: String
        package let id: String
    }

    package let sandboxID: String
    package let from: ActuatedResources
    package let steps: [Step]

    /// - Parameters:
    ///   - targets: the running containers that are changed.
    ///   - from: the resources in force.
    package init(sandboxID: String, targets: [Target], from: ActuatedResources, to: ActuatedResources) {
        self.sandboxID = sandboxID
        self.from = ActuatedResources(pod: from.pod, containers: from.containers.filter { entry in targets.contains { $0.name == entry.key } })
        var now = self.from
        var steps: [Step] = []
        func change(pod: ComputeResources) {
            guard pod != now.pod else { return }
            now.pod = pod
            steps.append(.pod(pod))
        }
        for resource in ComputeResources.names {
            var grown = now.pod
            grown.grow(resource, to: to.pod)
            change(pod: grown)
            let changes = targets.compactMap { target -> (Target, shrinks: Bool, ComputeResources)? in
                guard let before = now.containers[target.name], let wanted = to.containers[target.name],
                    before.differs(from: wanted, in: resource)
                else { return nil }
                var after = before
                after.take(resource, from: wanted)
                return (target, Self.shrinks(before, wanted, resource), after)
            }
            for (target, _, after) in changes.filter(\.shrinks) + changes.filter({ !$0.shrinks }) {
                now.containers[target.name] = after
                steps.append(.container(name: target.name, id: target.id, after))
            }
            var final = now.pod
            final.take(resource, from: to.pod)
            change(pod: final)
        }
        self.steps = steps
    }

    private static func shrinks(_ before: ComputeResources, _ after: ComputeResources, _ name: String) -> Bool {
        switch (before.limits[name], after.limits[name]) {
        case (let old?, let new?): new < old
        case (nil, _?): true
        case (_, nil): false
        }
    }

    /// The last amounts of each.
    private var to: ActuatedResources { steps.reduce(into: from) { $0.take($1) } }

    /// Whether memory is taken away from running programs, and its use has to be known before.
    package var lowersMemoryLimits: Bool {
        let to = to
        return from.pod.lowersMemoryLimit(to: to.pod) || from.containers.contains { $1.lowersMemoryLimit(to: to.containers[$0] ?? $1) }
    }

    /// Why memory limits cannot be lowered: they would be below what is in use. `nil` if they can. In kubelet's words (`validateMemoryResizeAction`).
    ///
    /// A use that the host does not count is no obstacle, because the limit is not enforced there either.
    /// - Parameters:
    ///   - pod: bytes in use by the pod.
    ///   - containers: bytes in use by name.
    package func refusal(pod used: UInt64?, containers: [String: UInt64]) -> String? {
        let to = to
        var problems: [String] = []
        if from.pod.lowersMemoryLimit(to: to.pod), let limit = to.pod.limits["memory"]?.value, let used, used >= UInt64(max(limit, 0)) {
            problems.append("attempting to set pod memory limit (\(limit)) below current usage (\(used))")
        }
        for (name, before) in from.containers.sorted(by: { $0.key < $1.key }) {
            guard let after = to.containers[name], before.lowersMemoryLimit(to: after), let limit = after.limits["memory"]?.value else { continue }
            guard let used = containers[name], used >= UInt64(max(limit, 0)) else { continue }
            problems.append("attempting to set container \"\(name)\" memory limit (\(limit)) below current usage (\(used))")
        }
        guard let first = problems.first else { return nil }
        return "cannot decrease memory limits: \(problems.count == 1 ? first : "[\(problems.joined(separator: ", "))]")"
    }
}

extension ActuatedResources {
    package mutating func take(_ step: ResizePlan.Step) {
        switch step {
        case .pod(let amounts): pod = amounts
        case .container(let name, _, let amounts): containers[name] = amounts
        }
    }
}
