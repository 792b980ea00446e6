/// The images on the node's disk, as what makes room there sees them. `ImageStore` conforms.
package protocol ImageInventory: Sendable {
    /// Every image, with what is known about its use.
    func storedImages() async -> [StoredImage]

    /// Notes that containers use these images at this moment. It outlives the process.
    func noteUse(of ids: Set<String>) async

    /// Removes an image, and with it the layers that no other image has. Throws for a pinned image.
    /// - Parameter age: how long nothing must have asked for the image.
    /// - Parameter used: directories that stay in any case.
    /// - Returns: bytes of the files that were removed; `nil` if the image is gone already, or was asked for meanwhile.
    func removeImage(_ id: String, unusedFor age: Duration, keeping used: Set<String>) async throws(ImageFailure) -> Int64?

    /// Removes what is left of pulls that did not end, and layers that belong to no image. Returns the bytes of these files.
    /// - Parameter age: how long a download must have been without progress.
    func removeLeftovers(olderThan age: Duration, keeping used: Set<String>) async throws(ImageFailure) -> Int64

    /// The file system with the images.
    func space() async throws(ImageFailure) -> ImageSpace
}

/// The images that pods need.
package protocol ImageUsers: Sendable {
    /// Throws when that is not known for certain: nothing may be removed then.
    func usedImages() async throws(ImageFailure) -> UsedImages
}

/// The layers and images that pods need.
package struct UsedImages: Sendable, Hashable {
    /// The stacks of layers of all containers that are not removed, ended ones included: each as absolute directories, topmost first.
    package var stacks: Set<[String]>
    /// The IDs of images that are volumes of pods.
    package var ids: Set<String>

    package init(stacks: Set<[String]> = [], ids: Set<String> = []) {
        self.stacks = stacks
        self.ids = ids
    }

    package func contains(_ image: ImageDescription) -> Bool { ids.contains(image.id) || stacks.contains(image.lowerDirectories) }

    /// The directories that must stay.
    package func directories(among images: [StoredImage]) -> Set<String> {
        Set(stacks.joined()).union(images.filter { ids.contains($0.image.id) }.flatMap(\.image.lowerDirectories))
    }
}

/// An image on the disk and its use.
package struct StoredImage: Sendable, Hashable, Codable {
    package let image: ImageDescription
    /// Whether it stays however full the disk is.
    package let isPinned: Bool
    /// When a container was last seen with it, or when it came; seconds since 1970.
    package let lastUse: Int64
    /// The time since it was last asked for: a container may be about to start from it.
    package let idle: Duration
    /// Bytes of the files in its layers.
    package let unpackedBytes: Int64
    /// Bytes of the files in layers that no other image has.
    package let ownBytes: Int64

    package init(image: ImageDescription, isPinned: Bool, lastUse: Int64, idle: Duration, unpackedBytes: Int64, ownBytes: Int64) {
        self.image = image
        self.isPinned = isPinned
        self.lastUse = lastUse
        self.idle = idle
        self.unpackedBytes = unpackedBytes
        self.ownBytes = ownBytes
    }
}

/// Room on the file system with the images, in bytes.
package struct ImageSpace: Sendable, Hashable, Codable {
    package let capacity: Int64
    package let available: Int64

    package init(capacity: Int64, available: Int64) {
        self.capacity = capacity
        self.available = min(available, capacity)
    }
}
