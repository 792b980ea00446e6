package import KubeModel

/// Why a call to the API server, or the way to one, failed.
///
/// `code` tells callers how to react. The description names what was found, what was wanted and what to do.
package struct APIError: Error, Sendable, CustomStringConvertible {
    /// Grows; a `switch` needs a default.
    package struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case status, unreachable, untrustedServer, clientCertificateRefused, tls, timeout, connectionLost, badAnswer, tooLarge
            case badConfiguration, unsupportedConfiguration, missingFile, unreadableFile, badCertificate, certificateDenied, invalidArgument, closed
        }
        private let value: Value

        /// The API server answered with a failure; `status` has it.
        package static let status = Code(value: .status)
        /// No connection: refused, no route, name not found.
        package static let unreachable = Code(value: .unreachable)
        /// The server's certificate is not signed by the configured authority, has expired or is for another name.
        package static let untrustedServer = Code(value: .untrustedServer)
        /// The server ended the handshake because of the client's certificate.
        package static let clientCertificateRefused = Code(value: .clientCertificateRefused)
        /// Any other failure of the TLS handshake.
        package static let tls = Code(value: .tls)
        package static let timeout = Code(value: .timeout)
        /// The connection ended in the middle of an answer.
        package static let connectionLost = Code(value: .connectionLost)
        /// The answer is not what the API promises.
        package static let badAnswer = Code(value: .badAnswer)
        /// The answer is larger than the client accepts.
        package static let tooLarge = Code(value: .tooLarge)
        /// A kubeconfig that cannot be used as it is.
        package static let badConfiguration = Code(value: .badConfiguration)
        /// A kubeconfig with a feature that this client does not support.
        package static let unsupportedConfiguration = Code(value: .unsupportedConfiguration)
        package static let missingFile = Code(value: .missingFile)
        package static let unreadableFile = Code(value: .unreadableFile)
        /// A PEM file without a usable certificate or key.
        package static let badCertificate = Code(value: .badCertificate)
        /// A certificate signing request was denied or failed.
        package static let certificateDenied = Code(value: .certificateDenied)
        package static let invalidArgument = Code(value: .invalidArgument)
        /// The client was shut down.
        package static let closed = Code(value: .closed)

        package var description: String { value.rawValue }
    }

    package let code: Code
    /// The operation: `get`, `watch`, `read kubeconfig`, ...
    package let operation: String
    /// The operation's object: `pods default/web`, a path, an address.
    package let object: String
    /// The text for a person: found, wanted, what to do.
    package let reason: String
    /// The API server's answer, for `.status`.
    package let status: Status?
    /// The pause that `Retry-After` or the status details ask for.
    package let retryAfterSeconds: Int?
    /// The error below, as text.
    package let cause: String?

    package init(
        _ code: Code, operation: String, object: String, reason: String, status: Status? = nil, retryAfterSeconds: Int? = nil, cause: String? = nil
    ) {
        self.code = code
        self.operation = operation
        self.object = object
        self.reason = reason
        self.status = status
        self.retryAfterSeconds = retryAfterSeconds
        self.cause = cause
    }

    /// The same error for another call.
    func about(_ operation: String, _ object: String) -> APIError {
        APIError(code, operation: operation, object: object, reason: reason, status: status, retryAfterSeconds: retryAfterSeconds, cause: cause)
    }

    /// The same error with one more hint.
    func adding(_ hint: String) -> APIError {
        APIError(
            code, operation: operation, object: object, reason: "\(reason); \(hint)", status: status, retryAfterSeconds: retryAfterSeconds,
            cause: cause)
    }

    package var description: String {
        let text = "cannot \(operation) \(object): \(reason)"
        guard let cause, !cause.isEmpty else { return text }
        return "\(text) (\(cause))"
    }
}

extension APIError {
    /// The HTTP status, when the API server answered.
    package var httpStatus: Int? { status?.code }

    package var isNotFound: Bool { httpStatus == 404 }
    package var isUnauthorized: Bool { httpStatus == 401 }
    package var isForbidden: Bool { httpStatus == 403 }
    /// 403 because the API server's node authorizer has not yet seen the binding of a pod that this node knows already. The words are those of
    /// Kubernetes' node authorizer and of its admission plugin NodeRestriction.
    package var isOfUnknownBinding: Bool {
        guard isForbidden, let message = status?.message else { return false }
        return message.contains("no relationship found between node") || message.contains("bound to a pod scheduled on a different node")
    }
    /// 409 because the object changed since it was read, or because a precondition does not hold.
    package var isConflict: Bool { httpStatus == 409 && status?.reason != "AlreadyExists" }
    package var isAlreadyExists: Bool { httpStatus == 409 && status?.reason == "AlreadyExists" }
    /// 410: the resource version or continue token is too old.
    package var isExpired: Bool { httpStatus == 410 || status?.reason == "Expired" || status?.reason == "Gone" }
    package var isInvalid: Bool { httpStatus == 422 || status?.reason == "Invalid" }
    package var isTooManyRequests: Bool { httpStatus == 429 }
    /// Whether the same call may succeed later without any other change.
    package var isTransient: Bool {
        switch code {
        case .unreachable, .timeout, .connectionLost, .badAnswer: true
        case .status: httpStatus.map { $0 == 429 || $0 >= 500 } ?? false
        default: false
        }
    }
}
