import KubeModel

/// Whether a node is one of those that a pod's `nodeSelector` and required node affinity ask for (component-helpers' `nodeaffinity`).
struct NodeAffinityRules {
    let nodeName: String
    let labels: [String: String]

    func match(_ spec: PodSpec) -> Bool {
        let isSelected = (spec.nodeSelector ?? [:]).allSatisfy { labels[$0.key] == $0.value }
        guard isSelected else { return false }
        guard let required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution else { return true }
        return match(required)
    }

    /// Whether the node has what one of the selector's terms asks for.
    func match(_ selector: NodeSelector) -> Bool { selector.nodeSelectorTerms.contains(where: match) }

    /// An empty term matches no node.
    private func match(_ term: NodeSelector.Term) -> Bool {
        let (expressions, fields) = (term.matchExpressions ?? [], term.matchFields ?? [])
        guard !(expressions.isEmpty && fields.isEmpty) else { return false }
        return expressions.allSatisfy(matchLabel) && fields.allSatisfy(matchField)
    }

    /// A requirement that Kubernetes would not accept matches no node.
    private func matchLabel(_ requirement: NodeSelector.Requirement) -> Bool {
        let (label, values) = (labels[requirement.key], requirement.values ?? [])
        switch requirement.operator {
        case "In": return label.map(values.contains) ?? false
        case "NotIn": return !values.isEmpty && label.map { !values.contains($0) } ?? true
        case "Exists": return values.isEmpty && label != nil
        case "DoesNotExist": return values.isEmpty && label == nil
        case "Gt": return compare(label, values, >)
        case "Lt": return compare(label, values, <)
        default: return false
        }
    }

    private func compare(_ label: String?, _ values: [String], _ isInOrder: (Int64, Int64) -> Bool) -> Bool {
        guard values.count == 1, let bound = Int64(values[0]), let number = label.flatMap({ Int64($0) }) else { return false }
        return isInOrder(number, bound)
    }

    /// The only field of a node is its name; every other one is empty.
    private func matchField(_ requirement: NodeSelector.Requirement) -> Bool {
        guard let values = requirement.values, values.count == 1 else { return false }
        let field = requirement.key == "metadata.name" ? nodeName : ""
        switch requirement.operator {
        case "In": return field == values[0]
        case "NotIn": return field != values[0]
        default: return false
        }
    }
}
