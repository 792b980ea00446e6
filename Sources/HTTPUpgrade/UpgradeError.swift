/// The reason why a connection ended without the use that was asked for.
package struct UpgradeError: Error, Sendable, Equatable, CustomStringConvertible {
    package struct Code: Sendable, Equatable {
        private enum Value { case connectionClosed, headTooLong, headTooSlow, notFirstRequest, shuttingDown }
        private let value: Value

        /// The client went away before its first request was complete.
        package static let connectionClosed = Code(value: .connectionClosed)
        /// The first request's head passed the limit.
        package static let headTooLong = Code(value: .headTooLong)
        /// The first request's head did not arrive in time.
        package static let headTooSlow = Code(value: .headTooSlow)
        /// An upgrade was asked for where the connection was HTTP already.
        package static let notFirstRequest = Code(value: .notFirstRequest)
        /// The server is stopping.
        package static let shuttingDown = Code(value: .shuttingDown)
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
