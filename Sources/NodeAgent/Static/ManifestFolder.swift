/// A file of the folder of static pods, as it was just read.
package struct ManifestFile: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case bytes([UInt8])
        /// A program is writing the file. A change is reported when it has ended.
        case beingWritten
        /// The file cannot be read, in words for a person.
        case unreadable(String)
    }

    package let name: String
    package let content: Content

    package init(name: String, content: Content) {
        self.name = name
        self.content = content
    }
}

/// The folder of static pods (`staticPodPath`).
package protocol ManifestFolder: Sendable {
    /// Absolute.
    var path: String { get }
    /// Calls `body` with each file, never on a cooperative thread, and returns its results; none if there is no folder. Folders within it and
    /// names that begin with a dot are left out, and files larger than `StaticManifest.largest` bytes are unreadable.
    func read<Result: Sendable>(_ body: @escaping @Sendable (ManifestFile) -> Result) async throws -> [Result]
    /// Returns when something has changed since the last `read` began. One caller at a time.
    func waitForChange() async throws
}
