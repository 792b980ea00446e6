/// The space of the file system that a volume is on (`statfs`), for volumes that have one of their own.
package struct VolumeStatistics: Sendable, Hashable {
    package let capacityBytes: UInt64
    /// For programs without privileges.
    package let availableBytes: UInt64
    package let usedBytes: UInt64
    package let inodes: UInt64
    package let inodesFree: UInt64

    package let inodesUsed: UInt64

    /// - Parameter inodesUsed: by the volume, where it is a part of the file system; else of the whole.
    package init(
        capacityBytes: UInt64, availableBytes: UInt64, usedBytes: UInt64, inodes: UInt64, inodesFree: UInt64, inodesUsed: UInt64? = nil
    ) {
        self.capacityBytes = capacityBytes
        self.availableBytes = availableBytes
        self.usedBytes = usedBytes
        self.inodes = inodes
        self.inodesFree = inodesFree
        self.inodesUsed = inodesUsed ?? inodes - min(inodes, inodesFree)
    }
}
