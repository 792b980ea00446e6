/// A `resourceVersion` as a number: of two versions of one object, the greater is the later one. API servers promise it since 1.35, and have always
/// counted so.
package struct ObjectVersion: Sendable, Hashable, Comparable {
    private let number: UInt64

    /// `nil` when the text is no number.
    package init?(_ text: String) {
        guard let number = UInt64(text) else { return nil }
        self.number = number
    }

    package static func < (left: ObjectVersion, right: ObjectVersion) -> Bool { left.number < right.number }
}

extension ObjectMeta {
    package var version: ObjectVersion? { resourceVersion.flatMap(ObjectVersion.init) }
}
