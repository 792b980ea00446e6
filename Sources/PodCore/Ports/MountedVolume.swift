/// A volume that was mounted for a pod.
package struct MountedVolume: Sendable, Hashable {
    /// The kind of the root that a volume has as long as it is there.
    package enum Root: Sendable, Hashable {
        case directory
        /// A directory that an atomic writer has filled.
        case files(FileVolumeKind)
        /// The root of a tmpfs or a hugetlbfs.
        case memory
    }

    package let name: String
    /// Its root on the node.
    package let path: String
    package let root: Root

    package init(name: String, path: String, root: Root) {
        self.name = name
        self.path = path
        self.root = root
    }
}
