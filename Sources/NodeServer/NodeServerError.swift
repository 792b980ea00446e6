/// The reason why one of the node's servers could not start or go on.
package struct NodeServerError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        private enum Value { case addressInUse, cannotListen, certificate, socketPath }
        private let value: Value

        /// Another process listens there.
        package static let addressInUse = Code(value: .addressInUse)
        /// The address could not be bound for another reason.
        package static let cannotListen = Code(value: .cannotListen)
        /// The serving certificate, its key or the client CA cannot be used.
        package static let certificate = Code(value: .certificate)
        /// The path of the operator's socket cannot be used.
        package static let socketPath = Code(value: .socketPath)
    }

    package let code: Code
    /// The operation and its object.
    package let operation: String
    /// Found, wanted, what to do.
    package let message: String

    package init(_ code: Code, operation: String, message: String) {
        self.code = code
        self.operation = operation
        self.message = message
    }

    package var description: String { "\(operation): \(message)" }
}
