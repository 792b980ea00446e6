/// A text that is not YAML.
package struct YAMLError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable {
        case syntax
        case duplicateKey
    }

    package let code: Code
    /// Counts from 1.
    package let line: Int
    /// The cause in words; the repeated key of `duplicateKey`.
    package let problem: String

    package var description: String {
        switch code {
        case .syntax: "line \(line): \(problem)"
        case .duplicateKey: "line \(line): the key \(problem) is written more than once in a mapping"
        }
    }
}
