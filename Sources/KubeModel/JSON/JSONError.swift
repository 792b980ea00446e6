/// The reason why bytes are not a JSON document.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        private enum Value { case unexpectedEnd, unexpectedCharacter, badNumber, badString, tooDeep, trailingBytes }
        private let value: Value

        package static let unexpectedEnd = Code(value: .unexpectedEnd)
        package static let unexpectedCharacter = Code(value: .unexpectedCharacter)
        package static let badNumber = Code(value: .badNumber)
        package static let badString = Code(value: .badString)
        package static let tooDeep = Code(value: .tooDeep)
        package static let trailingBytes = Code(value: .trailingBytes)
    }

    package let code: Code
    /// Bytes before the one that is wrong.
    package let offset: Int
    package let reason: String

    package var description: String { "invalid JSON at byte \(offset): \(reason)" }
}
