/// The operators' work on images. The agent offers it over its socket.
package protocol ImageOffice: Sendable {
    func perform(_ request: ImageRequest) async throws(ImageFailure) -> ImageAnswer
}

/// A piece of work for ``ImageOffice``. Paths are absolute, and the office's own.
package enum ImageRequest: Sendable, Hashable, Codable {
    case list
    case pull(reference: String, pins: Bool)
    /// How far the pull is.
    case progress(reference: String)
    /// By name, digest or ID.
    case remove(reference: String)
    case pin(reference: String, isPinned: Bool)
    /// Removes what no container uses, or only names it.
    case prune(isDryRun: Bool)
    case verify
    /// An archive of `docker save` or an OCI layout, as a tar file or a folder. `name` is for an archive with one image.
    case importFile(path: String, name: String?, pins: Bool)
    case export(reference: String, path: String, format: ArchiveFormat)
    case usage
}

/// The kinds of files that images are exported to.
package enum ArchiveFormat: String, Sendable, Hashable, Codable, CaseIterable {
    case docker
    case oci
}

package enum ImageAnswer: Sendable, Hashable, Codable {
    case images([StoredImage])
    case removed([RemovedImage])
    case verified([ImageFinding])
    case usage(ImageUsage)
    /// `nil` if no pull is under way.
    case progress(ImagePullStatus?)
    case done
}

package struct RemovedImage: Sendable, Hashable, Codable {
    package let id: String
    package let names: [String]
    /// Bytes of its files.
    package let bytes: Int64

    package init(_ image: StoredImage, bytes: Int64) {
        id = image.image.id
        names = image.image.names.isEmpty ? image.image.repoDigests : image.image.names
        self.bytes = bytes
    }
}

/// An image that was looked at, with what is wrong about it.
package struct ImageFinding: Sendable, Hashable, Codable {
    package let id: String
    package let names: [String]
    /// Empty for a good image.
    package let problems: [String]

    package init(id: String, names: [String], problems: [String]) {
        self.id = id
        self.names = names
        self.problems = problems
    }
}

/// The room that the image store takes on its disk, in bytes of files.
package struct ImageUsage: Sendable, Hashable, Codable {
    package var images = 0
    package var pinned = 0
    package var layers = 0
    package var layerBytes: Int64 = 0
    /// Layers that belong to no image.
    package var looseLayers = 0
    package var looseBytes: Int64 = 0
    /// Downloads that are not finished.
    package var downloadBytes: Int64 = 0
    package var space: ImageSpace

    package init(space: ImageSpace) { self.space = space }
}
