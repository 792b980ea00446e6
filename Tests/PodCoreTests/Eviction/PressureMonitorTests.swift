import Testing

@testable import PodCore

@Suite("What a node concludes from its room")
struct PressureMonitorTests {
    private static let minute = Duration.seconds(60)

    /// Looks at the rooms, ten seconds apart.
    private func findings(_ thresholds: [EvictionThreshold], _ rooms: [NodeRoom], transition: Duration = .seconds(25)) -> [PressureMonitor.Finding] {
        var monitor = PressureMonitor(transitionPeriod: transition)
        return rooms.enumerated().map { index, room in
            let now = Duration.seconds(10 * (index + 1))
            return monitor.receive(room, thresholds, observedAt: now, at: now)
        }
    }

    private func memory(_ available: Int64...) -> [NodeRoom] { available.map { Shortage.room(memory: $0) } }

    @Test("a hard threshold is exceeded at once, and only below it; its condition stays for the transition period after its last cause")
    func hard() throws {
        let threshold = EvictionThreshold(.memoryAvailable, try Shortage.amount("100Mi"))
        let found = findings([threshold], memory(100, 99, 99, 100, 100, 100))
        #expect(found.map { !$0.exceeded.isEmpty } == [false, true, true, false, false, false])
        #expect(found.map { $0.pressures[.memory] == .present } == [false, true, true, true, true, false])
        #expect(found[1].exceeded == [threshold] && found[1].pressures.present == [.memory])
    }

    @Test("a soft threshold sets its condition at once and is exceeded after its grace period without interruption")
    func soft() throws {
        let threshold = EvictionThreshold(.memoryAvailable, try Shortage.amount("50%"), grace: .seconds(20))
        let found = findings([threshold], memory(499, 499, 500, 499, 499, 499, 499), transition: .seconds(5))
        #expect(found.map { !$0.exceeded.isEmpty } == [false, false, false, false, false, true, true])
        #expect(found.map { $0.pressures[.memory] == .present } == [true, true, false, true, true, true, true])
    }

    @Test("once exceeded, a threshold lasts until the minimum is reclaimed")
    func minimumReclaim() throws {
        let threshold = EvictionThreshold(
            .memoryAvailable, try Shortage.amount("100Mi"), minimumReclaim: try Shortage.amount("100Mi"))
        let found = findings([threshold], memory(150, 99, 150, 199, 200, 150), transition: .zero)
        #expect(found.map { !$0.exceeded.isEmpty } == [false, true, true, true, false, false])
        #expect(PressureMonitor.isRelieved(Shortage.room(memory: 200), [threshold]))
        #expect(!PressureMonitor.isRelieved(Shortage.room(memory: 199), [threshold]))
    }

    @Test("a soft threshold whose grace period is not over need not reclaim its minimum")
    func softWithoutReclaim() throws {
        let threshold = EvictionThreshold(
            .memoryAvailable, try Shortage.amount("100Mi"), grace: .seconds(20), minimumReclaim: try Shortage.amount("100Mi"))
        let found = findings([threshold], memory(99, 150, 99, 150, 150))
        #expect(found.allSatisfy { $0.exceeded.isEmpty })
    }

    @Test("memory comes before everything else, and a hard threshold before a soft one")
    func order() throws {
        let value = try Shortage.amount("90%")
        let thresholds = [
            EvictionThreshold(.processIDsAvailable, value), EvictionThreshold(.nodeFileSystemInodesFree, value),
            EvictionThreshold(.memoryAvailable, value, grace: .seconds(1)), EvictionThreshold(.memoryAvailable, value),
            EvictionThreshold(.allocatableMemoryAvailable, value),
        ]
        let found = findings(thresholds, Array(repeating: Shortage.room(allocatable: 1), count: 2))
        #expect(found[1].exceeded == [3, 2, 4, 1, 0].map { thresholds[$0] })
        #expect(found[1].pressures.present == [.memory, .disk, .processIDs])
    }

    @Test("figures that were not measured anew lead to no second eviction")
    func staleFigures() throws {
        let threshold = EvictionThreshold(.memoryAvailable, try Shortage.amount("100Mi"))
        var monitor = PressureMonitor(transitionPeriod: Self.minute)
        let room = Shortage.room(memory: 1)
        #expect(!monitor.receive(room, [threshold], observedAt: .seconds(1), at: .seconds(1)).exceeded.isEmpty)
        let second = monitor.receive(room, [threshold], observedAt: .seconds(1), at: .seconds(2))
        #expect(second.exceeded.isEmpty && second.pressures.present == [.memory])
        #expect(!monitor.receive(room, [threshold], observedAt: .seconds(3), at: .seconds(3)).exceeded.isEmpty)
    }

    @Test("a shortage is unknown if nothing of it could be measured, and stays present for the transition period before")
    func unknown() throws {
        let thresholds = [
            EvictionThreshold(.memoryAvailable, try Shortage.amount("100Mi")),
            EvictionThreshold(.allocatableMemoryAvailable, try Shortage.amount("100Mi")),
            EvictionThreshold(.nodeFileSystemAvailable, try Shortage.amount("10%")),
            EvictionThreshold(.nodeFileSystemInodesFree, try Shortage.amount("10%")),
        ]
        var blind = Shortage.room(memory: nil, inodes: nil, ids: nil)
        blind.problems = ["no /proc", "no disk"]
        let found = findings(thresholds, [blind, Shortage.room(memory: 1), blind, blind, blind])
        let unknown = NodePressures.State.unknown(message: "no /proc; no disk")
        #expect(found.map { $0.pressures[.memory] } == [unknown, .present, .present, .present, unknown])
        // A file system without a number of inodes lacks nothing, and process ids have no threshold.
        #expect(found.allSatisfy { $0.pressures[.disk] == .absent && $0.pressures[.processIDs] == .absent })
    }

    @Test("without thresholds there is no shortage")
    func none() {
        let found = findings([], memory(0))
        #expect(found[0].exceeded.isEmpty && found[0].pressures == NodePressures())
    }
}
