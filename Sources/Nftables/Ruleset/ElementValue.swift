/// The part of an element besides its key.
package enum ElementValue: Sendable, Hashable {
    /// A member of a set.
    case member
    /// A member of an interval set: the range from the key to this one, both included, field by field.
    case through(PackedBytes)
    case data(PackedBytes)
    case verdict(Verdict)
}
