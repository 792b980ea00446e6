import LinuxSystem
import PodCore

extension VolumeStatistics {
    init(_ stats: FileSystemStats) {
        self.init(
            capacityBytes: stats.capacity, availableBytes: stats.available, usedBytes: stats.used, inodes: stats.inodes,
            inodesFree: stats.inodesFree)
    }

    /// Five numbers in a line: the answer of a `VolumeCall`.
    var text: String { [capacityBytes, availableBytes, usedBytes, inodes, inodesFree].map { String($0) }.joined(separator: " ") }

    init?(text: String) {
        let numbers = text.split(separator: " ").compactMap { UInt64($0) }
        guard numbers.count == 5 else { return nil }
        self.init(capacityBytes: numbers[0], availableBytes: numbers[1], usedBytes: numbers[2], inodes: numbers[3], inodesFree: numbers[4])
    }
}
