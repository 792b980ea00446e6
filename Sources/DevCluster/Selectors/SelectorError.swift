/// A selector that cannot be read.
package struct SelectorError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        private enum Value { case syntax, badOperator, badValues }
        private let value: Value

        package static let syntax = Code(value: .syntax)
        package static let badOperator = Code(value: .badOperator)
        package static let badValues = Code(value: .badValues)
    }

    package let code: Code
    package let selector: String
    package let reason: String

    package var description: String { "cannot read selector \"\(selector)\": \(reason)" }
}
