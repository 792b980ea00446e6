/// Why a container's image is not there, as a waiting reason and texts.
package struct ImageProblem: Sendable, Hashable {
    /// `errImagePull`, `errImageNeverPull`, `invalidImageName` or `imageInspectError`.
    package let reason: WaitingReason
    package let message: String

    package init(reason: WaitingReason, message: String) {
        self.reason = reason
        self.message = message
    }
}
