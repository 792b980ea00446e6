import Glibc
import LinuxSystem
import PodCore

/// The error inside this target; `ImageFailure` crosses its border.
struct ImageStoreError: Error, Sendable, CustomStringConvertible {
    /// The kind of failure, as far as the target itself tells kinds apart. Grows.
    struct Code: Sendable, Hashable {
        let name: String

        /// The registry does not have the repository, the reference or the blob.
        static let notFound = Code(name: "notFound")
        /// The registry requires other credentials, or these may not read.
        static let unauthorized = Code(name: "unauthorized")
        /// No connection, no name, no TLS, or a failure of the server itself.
        static let unreachable = Code(name: "unreachable")
        /// The registry's host refuses connections, or a gateway answers in its place.
        static let unavailable = Code(name: "unavailable")
        /// An unusable answer: an unexpected status, a redirect that is not followed.
        static let refused = Code(name: "refused")
        /// Content that cannot be parsed, or contradicts itself.
        static let malformed = Code(name: "malformed")
        /// Content with another digest or size than requested.
        static let digestMismatch = Code(name: "digestMismatch")
        /// Something is larger than its bound allows.
        static let tooLarge = Code(name: "tooLarge")
        /// Valid content that this node cannot run.
        static let unsupported = Code(name: "unsupported")
        /// The local disk or a local process failed.
        static let store = Code(name: "store")
        /// The store's file system has too little room.
        static let noRoom = Code(name: "noRoom")
        /// Another process has the store.
        static let inUse = Code(name: "inUse")
        /// A user or group that the image's account files do not name.
        static let unknownUser = Code(name: "unknownUser")
        /// The caller has cancelled.
        static let cancelled = Code(name: "cancelled")

        /// Whether the registry may answer when it is asked again.
        var isOutage: Bool { self == .unreachable || self == .unavailable }
    }

    /// The operation of finding the manifest that a reference names.
    static let resolving = "resolve reference"

    let code: Code
    /// The operation, e.g. `fetch manifest`.
    let operation: String
    /// The operation's object: a URL without its query, a digest, a path.
    let object: String
    /// The text for a person: found, wanted, what to do.
    let detail: String
    let cause: (any Error)?
    /// For `noRoom`: the bytes that have to be free, as far as that is known.
    var freeBytes: Int64?

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

    /// Whether another registry, or other credentials, may give the content all the same.
    var isOfSource: Bool { code.isOutage || [.unauthorized, .refused, .notFound].contains(code) }

    /// Wraps an error of another target.
    static func wrap(_ error: any Error, _ operation: String, _ object: String) -> ImageStoreError {
        if let known = error as? ImageStoreError { return known }
        if error is CancellationError {
            return ImageStoreError(.cancelled, operation, object, "the pull was cancelled")
        }
        let isFull = (error as? SystemError)?.is(ENOSPC) ?? false
        guard isFull else { return ImageStoreError(.store, operation, object, "failed", cause: error) }
        return ImageStoreError(
            .noRoom, operation, object,
            "found the image store's disk full; remove images ('swiftlet images prune') or other files from its disk", cause: error)
    }
}
