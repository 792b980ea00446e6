/// The reason why the cluster cannot run.
package struct DevClusterError: Error, Sendable, CustomStringConvertible {
    package struct Code: Sendable, Equatable {
        private enum Value { case badConfiguration, cannotWrite, cannotListen }
        private let value: Value

        package static let badConfiguration = Code(value: .badConfiguration)
        package static let cannotWrite = Code(value: .cannotWrite)
        package static let cannotListen = Code(value: .cannotListen)
    }

    package let code: Code
    package let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
