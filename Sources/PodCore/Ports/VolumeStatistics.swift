/// The space of the file system that a volume is on (`statfs`), for volumes that have one of their own.
package struct VolumeStatistics: Sendable, Hashable {
    package let capacityBytes: UInt64
    /// For programs without privileges.
    package let availableBytes: UInt64
    package let usedBytes: UInt64
    package let inodes: UInt64
    package let inodesFree: UInt64

    package init(capacityBytes: UInt64, availableBytes: UInt64, usedBytes: UInt64, inodes: UInt64, inodesFree: UInt64) {
        self.capacityBytes = capacityBytes
        self.availableBytes = availableBytes
        self.usedBytes = usedBytes
        self.inodes = inodes
        self.inodesFree = inodesFree
    }

    package var inodesUsed: UInt64 { inodes - min(inodes, inodesFree) }
}
