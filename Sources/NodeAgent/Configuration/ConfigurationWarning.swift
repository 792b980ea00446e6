/// A known field without effect, set to something else than its default.
package struct ConfigurationWarning: Sendable, Hashable, CustomStringConvertible {
    /// `file:line`
    package let place: String
    /// `featureGates`
    package let field: String
    package let reason: String

    package var description: String { "\(place): \(field): \(reason)" }
}
