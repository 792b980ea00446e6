import FoundationEssentials
import KubeModel

@testable import PodCore

/// Nodes with so much room, and pods that use so much.
enum Shortage {
    static let mebi: Int64 = 1 << 20

    /// A node of 1000 Mi of memory, disks of 100000 bytes and 1000 inodes, and 1000 process ids.
    static func room(
        memory: Int64? = 500, allocatable: Int64? = nil, disk: Int64? = 50_000, inodes: Int64? = 500, images: Int64? = nil, ids: Int64? = 500
    ) -> NodeRoom {
        var room = NodeRoom()
        room.memory = memory.map { .init(capacity: 1000 * mebi, available: $0 * mebi) }
        room.allocatableMemory = allocatable.map { .init(capacity: 1000 * mebi, available: $0 * mebi) }
        room.nodeFileSystem = disk.map { fileSystem($0, inodes) }
        room.imageFileSystem = (images ?? disk).map { fileSystem($0, inodes) }
        room.containerFileSystem = room.imageFileSystem
        room.layout.hasImageFileSystem = images != nil
        room.processIDs = ids.map { .init(capacity: 1000, available: $0) }
        return room
    }

    private static func fileSystem(_ bytes: Int64, _ inodes: Int64?) -> NodeRoom.FileSystem {
        .init(bytes: .init(capacity: 100_000, available: bytes), inodes: inodes.map { .init(capacity: 1000, available: $0) })
    }

    static func amount(_ text: String) throws -> EvictionAmount {
        guard let amount = EvictionAmount(text) else { throw PlanFailure("\(text) is not an amount") }
        return amount
    }

    /// A pod of one container `c`.
    static func pod(_ name: String, requests: String = "{}", limits: String = "{}", priority: Int? = nil, more: String = "") throws -> Pod {
        let container = #"{"name":"c","image":"b","resources":{"requests":\#(requests),"limits":\#(limits)}}"#
        let spec = #"{"containers":[\#(container)]\#(priority.map { #","priority":\#($0)"# } ?? "")\#(more)}"#
        let text = #"{"metadata":{"name":"\#(name)","namespace":"default","uid":"u-\#(name)"},"spec":\#(spec)}"#
        return try JSONDecoder().decode(Pod.self, from: Data(text.utf8))
    }
}
