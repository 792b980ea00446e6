import PodCore
import Synchronization
import TestSupport

/// A node whose room the test decides: the rooms of its list one after the other, and the last one from then on.
final class FakePressure: NodePressureSource {
    let looks = Journal<NodeRoom>()
    let alarms: AsyncStream<Void>
    private let alarm: AsyncStream<Void>.Continuation
    private let rooms: Mutex<[NodeRoom]>

    init(_ rooms: [NodeRoom]) {
        self.rooms = Mutex(rooms)
        (alarms, alarm) = AsyncStream.makeStream(of: Void.self)
    }

    func observe() async -> NodeRoom {
        let room = rooms.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
        looks.note(room)
        return room
    }

    func raiseAlarm() { alarm.yield() }

    /// A node of 1000 Mi of memory and a disk of 1000 bytes.
    static func room(memory: Int64 = 900, disk: Int64 = 900) -> NodeRoom {
        var room = NodeRoom()
        room.memory = .init(capacity: 1000 << 20, available: memory << 20)
        room.nodeFileSystem = .init(bytes: .init(capacity: 1000, available: disk), inodes: nil)
        return room
    }
}
