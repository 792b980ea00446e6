/// Why a container did not start.
package struct ContainerProblem: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        /// The pod asks for something that is not there or not allowed: `CreateContainerConfigError`.
        case configuration
        /// It could not be prepared: `CreateContainerError`.
        case create
        /// Its program could not be executed; a container of this id existed: `RunContainerError` or terminated `StartError`.
        case start(id: String, sandboxID: String, imageID: String)
        /// The sandbox is not there any more.
        case sandboxGone
    }

    package let kind: Kind
    package let message: String

    /// Where a container was made all the same.
    var sandboxID: String? { if case .start(_, let sandboxID, _) = kind { sandboxID } else { nil } }

    package init(_ kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}
