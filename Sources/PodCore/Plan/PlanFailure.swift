/// Why a container cannot be planned from its pod: waiting reason `CreateContainerConfigError`.
package struct PlanFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// Kubelet's text where kubelet has the case.
    package let message: String

    package init(_ message: String) {
        self.message = message
    }

    package var description: String { message }
}
