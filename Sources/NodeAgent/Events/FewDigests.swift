/// The messages of a group of similar events that have events of their own: no more than nine.
struct FewDigests: Sendable {
    private var digests = InlineArray<9, EventDigest?>(repeating: nil)

    /// Returns whether it is among them now. Without room, a new one is not.
    mutating func insert(_ digest: EventDigest) -> Bool {
        for index in digests.indices where digests[index] == nil || digests[index] == digest {
            digests[index] = digest
            return true
        }
        return false
    }
}
