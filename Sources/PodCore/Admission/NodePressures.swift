import KubeModel

/// The shortages of the node at one time.
package struct NodePressures: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        case absent
        case present
        /// It could not be measured.
        case unknown(message: String)
    }

    private var states: [NodePressure: State]

    /// - Parameter states: of the pressures that are not absent.
    package init(_ states: [NodePressure: State] = [:]) {
        self.states = states.filter { $0.value != .absent }
    }

    package subscript(pressure: NodePressure) -> State { states[pressure] ?? .absent }

    /// In the order in which texts name them.
    package var present: [NodePressure] { NodePressure.allCases.filter { self[$0] == .present } }

    private static let memoryTaint = Taint(key: "node.kubernetes.io/memory-pressure", value: nil, effect: "NoSchedule")

    /// Why the node in this state does not take the pod (kubelet's eviction manager as an admit handler); `nil` if it does.
    func refusal(of pod: Pod) -> PodRefusal? {
        guard !present.isEmpty, !pod.isCritical else { return nil }
        if present == [.memory] {
            // Memory that was requested counts as there; only pods without a request, and without the taint's toleration, wait.
            guard pod.spec.qosClass == .bestEffort, !(pod.spec.tolerations ?? []).contains(where: { $0.tolerates(Self.memoryTaint) }) else {
                return nil
            }
        }
        return PodRefusal(
            reason: PodEviction.evictedReason, message: "The node had condition: [\(present.map(\.rawValue).joined(separator: " "))]. ")
    }
}
