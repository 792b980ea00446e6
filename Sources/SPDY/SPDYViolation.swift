/// A peer broke SPDY/3.1 or its limits: the connection cannot go on, since both sides' header compression is out of step.
package struct SPDYViolation: Error, Sendable, Hashable, CustomStringConvertible {
    /// Found and wanted.
    package let description: String

    package init(_ description: String) { self.description = description }
}
