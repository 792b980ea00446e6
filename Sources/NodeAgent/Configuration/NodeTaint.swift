/// A taint that the node registers with.
package struct NodeTaint: Sendable, Hashable {
    package enum Effect: String, Sendable, CaseIterable {
        case noSchedule = "NoSchedule"
        case preferNoSchedule = "PreferNoSchedule"
        case noExecute = "NoExecute"
    }

    package var key: String
    package var value: String
    package var effect: Effect
}
