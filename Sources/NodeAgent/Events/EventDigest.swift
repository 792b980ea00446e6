/// Stands for a part of an event in the caches, which remember thousands of events for hours. Two parts share one with a probability of 2^-64.
///
/// The parts themselves are strings, each in a piece of memory of its own that would keep the page around it from being given back.
struct EventDigest: Hashable, Sendable {
    private let bits: Int

    init(_ part: some Hashable) {
        bits = part.hashValue
    }
}
