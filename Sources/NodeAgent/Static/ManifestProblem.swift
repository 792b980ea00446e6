/// Why a file is not the manifest of a static pod, in words for a person: found, wanted, what to do.
package struct ManifestProblem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    init(_ description: String) {
        self.description = description
    }
}
