/// Why a container's image, or an image that it mounts, is not there, as a waiting reason and texts.
package struct ImageProblem: Error, Sendable, Hashable {
    /// `errImagePull`, `registryUnavailable`, `errImageNeverPull`, `invalidImageName`, `imageInspectError`, or `createContainerError` for an image
    /// that cannot be mounted, or an artifact that cannot be a container.
    package let reason: WaitingReason
    /// The reference of the image; `nil` for the container's own.
    package let image: String?
    package let message: String

    package init(reason: WaitingReason, image: String? = nil, message: String) {
        self.reason = reason
        self.image = image
        self.message = message
    }
}
