/// A patch that cannot be read or does not fit the object.
package struct PatchError: Error, Sendable, Hashable, CustomStringConvertible {
    package struct Code: Sendable, Hashable {
        private enum Value { case malformed, noSuchPath, testFailed, missingMergeKey }
        private let value: Value

        /// The patch itself is wrong: HTTP 400.
        package static let malformed = Code(value: .malformed)
        /// A path leads nowhere in this object: HTTP 422.
        package static let noSuchPath = Code(value: .noSuchPath)
        /// A `test` operation found another value: HTTP 422.
        package static let testFailed = Code(value: .testFailed)
        /// An element of a list that merges by key does not have the key: HTTP 400.
        package static let missingMergeKey = Code(value: .missingMergeKey)
    }

    package let code: Code
    /// JSON pointer of what is wrong.
    package let path: String
    package let reason: String

    package var description: String { path.isEmpty ? reason : "\(path): \(reason)" }
}
