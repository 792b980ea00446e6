/// A place in a volume at which something else is to be mounted.
package struct VolumeMountPoint: Sendable, Hashable {
    /// The volume's root on the node.
    package let volume: String
    /// Relative to it.
    package let path: String
    /// The source of the mount: the root of another volume, or a file.
    package let source: String
    /// A path beneath the source.
    package let subPath: String?

    package init(volume: String, path: String, source: String, subPath: String?) {
        self.volume = volume
        self.path = path
        self.source = source
        self.subPath = subPath
    }
}
