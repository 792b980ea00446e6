/// The room that the node has left, looked at once. A part that could not be measured is absent, and `problems` says why.
package struct NodeRoom: Sendable, Hashable {
    /// One resource, in bytes or pieces.
    package struct Amount: Sendable, Hashable {
        package let capacity: Int64
        package let available: Int64

        package init(capacity: Int64, available: Int64) {
            self.capacity = capacity
            self.available = available
        }
    }

    package struct FileSystem: Sendable, Hashable {
        package let bytes: Amount
        /// Absent on a file system without a fixed number of inodes.
        package let inodes: Amount?
        /// Bytes in use: less than the capacity without what is available, because file systems keep some room for root.
        package let used: Int64?
        /// The block device below it, such as `/dev/sda1`; absent where there is none, or several.
        package let device: String?

        package init(bytes: Amount, inodes: Amount?, used: Int64? = nil, device: String? = nil) {
            self.bytes = bytes
            self.inodes = inodes
            self.used = used
            self.device = device
        }
    }

    /// Bytes of the machine's memory: the capacity less the working set.
    package var memory: Amount?
    /// Bytes of memory that all pods together may use; absent without such a limit.
    package var allocatableMemory: Amount?
    /// Volumes and the pods' folders.
    package var nodeFileSystem: FileSystem?
    package var imageFileSystem: FileSystem?
    /// Writable layers of containers.
    package var containerFileSystem: FileSystem?
    package var processIDs: Amount?
    package var layout = DiskLayout()
    /// Found and wanted, for each part that could not be measured.
    package var problems: [String] = []

    package init() {}
}
