package import PodCore

/// The treatment of kernel parameters that differ from `NodeResources.kernelParameters`.
package enum KernelParameterPolicy: Sendable {
    /// The agent refuses to run (`protectKernelDefaults`).
    case refuse
    case set
    case leave

    package init(_ configuration: AgentConfiguration) {
        let swiftlet = configuration.swiftlet
        self = configuration.kubelet.protectKernelDefaults ? .refuse : swiftlet.setKernelParameters && swiftlet.requireControllers ? .set : .leave
    }

    /// Returns the differences that are to be set.
    package func toSet<Difference: CustomStringConvertible>(_ differences: [Difference]) throws(PlanFailure) -> [Difference] {
        switch self {
        case .refuse where !differences.isEmpty:
            throw PlanFailure(
                "protectKernelDefaults is true and kernel parameters differ: " + differences.map(\.description).joined(separator: "; ")
                    + "; set them with sysctl, or remove protectKernelDefaults to have them set")
        case .set: return differences
        case .refuse, .leave: return []
        }
    }
}
