import KubeModel

/// The scheduler's conditions for a pod on this node, which hold for pods that were bound without a scheduler too (`scheduler.AdmissionCheck`).
struct NodePredicates {
    static let operatingSystemLabel = "kubernetes.io/os"
    static let operatingSystem = "linux"

    let node: Node
    let others: ActivePods

    /// In the order of which kubelet reports the first.
    func failures(of pod: Pod) -> [AdmissionFailure] {
        let fit = NodeFit(allocatable: node.status?.allocatable ?? [:], others: others)
        var failures = fit.shortages(for: pod).map(AdmissionFailure.insufficient)
        if !NodeAffinityRules(nodeName: node.name, labels: labels).match(pod.spec) { failures.append(.nodeAffinity) }
        if let name = pod.spec.nodeName, !name.isEmpty, name != node.name { failures.append(.nodeName) }
        if HostPortClash.exists(pod, others) { failures.append(.nodePorts) }
        // A static pod is the node's own: no taint keeps it away.
        if !pod.isStatic, !toleratesTaints(pod) { failures.append(.taintToleration) }
        return failures
    }

    /// The node's operating system is certain, whatever its object says.
    private var labels: [String: String] {
        (node.metadata.labels ?? [:]).merging([Self.operatingSystemLabel: Self.operatingSystem]) { $1 }
    }

    /// `NoSchedule` is the scheduler's matter alone.
    private func toleratesTaints(_ pod: Pod) -> Bool {
        (node.spec?.taints ?? []).filter { $0.effect == "NoExecute" }.allSatisfy { taint in
            (pod.spec.tolerations ?? []).contains { $0.tolerates(taint) }
        }
    }
}
