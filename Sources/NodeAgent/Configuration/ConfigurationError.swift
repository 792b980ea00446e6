/// An error in the configuration, always with its place.
package struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Grows; a `switch` needs a default.
    package struct Code: Sendable, Hashable {
        private enum Value { case missingFile, unreadableFile, syntax, duplicateKey, unknownDocument, unknownField, wrongType, badValue }
        private let value: Value

        package static let missingFile = Code(value: .missingFile)
        package static let unreadableFile = Code(value: .unreadableFile)
        /// The text is not YAML.
        package static let syntax = Code(value: .syntax)
        package static let duplicateKey = Code(value: .duplicateKey)
        /// An unknown apiVersion and kind, or a kind that appears twice.
        package static let unknownDocument = Code(value: .unknownDocument)
        package static let unknownField = Code(value: .unknownField)
        package static let wrongType = Code(value: .wrongType)
        /// The right type with a value that cannot be used.
        package static let badValue = Code(value: .badValue)
    }

    package let code: Code
    /// `file:line`, or the file alone, or the name of a flag.
    package let place: String
    /// The path of the field, such as `authentication.webhook.cacheTTL`; empty for the whole file.
    package let field: String
    package let reason: String

    package init(_ code: Code, place: String, field: String = "", reason: String) {
        self.code = code
        self.place = place
        self.field = field
        self.reason = reason
    }

    package var description: String { "\(place): \(field.isEmpty ? "" : "\(field): ")\(reason)" }
}
