/// Which of the node's folders share a file system.
package struct DiskLayout: Sendable, Hashable {
    /// Images are on another file system than volumes.
    package var hasImageFileSystem: Bool
    /// Writable layers are on another file system than images.
    package var splitsContainers: Bool

    package init(hasImageFileSystem: Bool = false, splitsContainers: Bool = false) {
        self.hasImageFileSystem = hasImageFileSystem
        self.splitsContainers = splitsContainers
    }
}
