import Synchronization

/// The bytes that all connections of one forward hold for programs that have not taken them.
final class ForwardTotal: Sendable {
    static let mostBytes = 4 << 20

    private let bytes = Atomic<Int>(0)

    var isFull: Bool { bytes.load(ordering: .relaxed) >= Self.mostBytes }

    func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }
}
