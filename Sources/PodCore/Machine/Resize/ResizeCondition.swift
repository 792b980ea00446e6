import KubeModel

/// The types of the conditions that show a resize, and the reason of a failed one.
package enum ResizeCondition {
    package static let pending = "PodResizePending"
    package static let inProgress = "PodResizeInProgress"
    static let error = "Error"
}

extension PodStatus {
    func condition(_ type: String) -> PodCondition? { conditions?.first { $0.type == type } }
}
