/// The name of a table in its family.
package struct TableID: Sendable, Hashable, CustomStringConvertible {
    package var family: TableFamily
    package var name: String

    package init(_ family: TableFamily, _ name: String) {
        self.family = family
        self.name = name
    }

    /// `ip swiftlet`
    package var description: String { "\(family.name) \(name)" }
}
