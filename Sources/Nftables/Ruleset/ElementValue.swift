/// The part of an element besides its key.
package enum ElementValue: Sendable, Hashable {
    /// A member of a set.
    case member
    /// A member of an interval set: the range from the key to this address, both included.
    case through(PackedBytes)
    case data(PackedBytes)
    case verdict(Verdict)
}
