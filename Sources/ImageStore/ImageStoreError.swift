import PodCore

/// The one error inside this target; `ImageFailure` is what crosses its border.
struct ImageStoreError: Error, Sendable, CustomStringConvertible {
    /// Why, as far as the target itself tells cases apart. Grows.
    struct Code: Sendable, Hashable {
        let name: String

        /// The registry does not know the repository, the reference or the blob.
        static let notFound = Code(name: "notFound")
        /// The registry wants other credentials, or does not let these read.
        static let unauthorized = Code(name: "unauthorized")
        /// No connection, no name, no TLS, or a server that fails by itself.
        static let unreachable = Code(name: "unreachable")
        /// An answer that is no use: an unexpected status, a redirect that is not followed.
        static let refused = Code(name: "refused")
        /// Content that cannot be understood, or contradicts itself.
        static let malformed = Code(name: "malformed")
        /// Content whose digest or size is not the one that was asked for.
        static let digestMismatch = Code(name: "digestMismatch")
        /// Something is larger than its bound allows.
        static let tooLarge = Code(name: "tooLarge")
        /// Understood, but not something that this node runs.
        static let unsupported = Code(name: "unsupported")
        /// The local disk or a local process failed.
        static let store = Code(name: "store")
        /// A user or group that the image's account files do not name.
        static let unknownUser = Code(name: "unknownUser")
        /// The caller went away.
        static let cancelled = Code(name: "cancelled")
    }

    let code: Code
    /// What was being done, e.g. `fetch manifest`.
    let operation: String
    /// What it was done to: a URL without its query, a digest, a path.
    let object: String
    /// What was found, what was wanted, what to do.
    let detail: String
    let cause: (any Error)?

    init(_ code: Code, _ operation: String, _ object: String, _ detail: String, cause: (any Error)? = nil) {
        self.code = code
        self.operation = operation
        self.object = object
        self.detail = detail
        self.cause = cause
    }

    var description: String {
        var text = "\(operation) \(object): \(detail)"
        if let cause { text += ": \(cause)" }
        return text
    }

    /// Wraps what is not yet an error of this target.
    static func wrap(_ error: any Error, _ operation: String, _ object: String) -> ImageStoreError {
        if let known = error as? ImageStoreError { return known }
        if error is CancellationError {
            return ImageStoreError(.cancelled, operation, object, "the pull was cancelled")
        }
        return ImageStoreError(.store, operation, object, "failed", cause: error)
    }
}
