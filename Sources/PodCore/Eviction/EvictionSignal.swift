/// A figure by which the node notices that it runs out of a resource.
package enum EvictionSignal: String, Sendable, CaseIterable {
    // The order in which shortages are relieved: memory before everything else.
    case memoryAvailable = "memory.available"
    case allocatableMemoryAvailable = "allocatableMemory.available"
    case nodeFileSystemAvailable = "nodefs.available"
    case nodeFileSystemInodesFree = "nodefs.inodesFree"
    case imageFileSystemAvailable = "imagefs.available"
    case imageFileSystemInodesFree = "imagefs.inodesFree"
    case containerFileSystemAvailable = "containerfs.available"
    case containerFileSystemInodesFree = "containerfs.inodesFree"
    case processIDsAvailable = "pid.available"

    /// The resource as messages name it.
    package enum Resource: String, Sendable {
        case memory
        case storage = "ephemeral-storage"
        case inodes
        case processIDs = "pids"
    }

    package var resource: Resource {
        switch self {
        case .memoryAvailable, .allocatableMemoryAvailable: .memory
        case .nodeFileSystemAvailable, .imageFileSystemAvailable, .containerFileSystemAvailable: .storage
        case .nodeFileSystemInodesFree, .imageFileSystemInodesFree, .containerFileSystemInodesFree: .inodes
        case .processIDsAvailable: .processIDs
        }
    }

    package var pressure: NodePressure {
        switch resource {
        case .memory: .memory
        case .storage, .inodes: .disk
        case .processIDs: .processIDs
        }
    }

    /// The part of the node that the signal is about; `nil` where that could not be measured.
    func amount(in room: NodeRoom) -> NodeRoom.Amount? {
        switch self {
        case .memoryAvailable: room.memory
        case .allocatableMemoryAvailable: room.allocatableMemory
        case .nodeFileSystemAvailable: room.nodeFileSystem?.bytes
        case .nodeFileSystemInodesFree: room.nodeFileSystem?.inodes
        case .imageFileSystemAvailable: room.imageFileSystem?.bytes
        case .imageFileSystemInodesFree: room.imageFileSystem?.inodes
        case .containerFileSystemAvailable: room.containerFileSystem?.bytes
        case .containerFileSystemInodesFree: room.containerFileSystem?.inodes
        case .processIDsAvailable: room.processIDs
        }
    }

    /// Whether the signal is missing because the node cannot have it, not because it could not be measured.
    func isInapplicable(in room: NodeRoom) -> Bool {
        switch self {
        case .allocatableMemoryAvailable: room.allocatableMemory == nil
        case .nodeFileSystemInodesFree: room.nodeFileSystem != nil && room.nodeFileSystem?.inodes == nil
        case .imageFileSystemInodesFree: room.imageFileSystem != nil && room.imageFileSystem?.inodes == nil
        case .containerFileSystemInodesFree: room.containerFileSystem != nil && room.containerFileSystem?.inodes == nil
        case .memoryAvailable, .nodeFileSystemAvailable, .imageFileSystemAvailable, .containerFileSystemAvailable, .processIDsAvailable: false
        }
    }
}
