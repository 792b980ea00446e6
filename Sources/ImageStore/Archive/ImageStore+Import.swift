import Glibc
import LinuxSystem
import Logging
import NIOCore
package import PodCore

extension ImageStore {
    /// The images of an archive that are in the store now.
    struct ImportedArchive: Sendable {
        var images: [ImageDescription] = []
        /// Whether the archive lists an image that suits this machine better than an imported one and lacks its blobs.
        var hasSubstitutes = false
    }

    /// Imports all images of an archive of `docker save` or of an OCI layout, each a folder or a tar file, plain or with gzip or zstd.
    /// Images without a name are known by their IDs.
    /// - Parameter name: for the only image of an archive that names none.
    /// - Throws: `pullFailed` for a fault of the archive, `noRoom` and `storeFailed` for one of the node.
    package func importImages(from path: String, name: String? = nil, pins: Bool) async throws(ImageFailure) -> [ImageDescription] {
        try await importArchive(path, name: name, pins: pins).images
    }

    func importArchive(_ path: String, name: String? = nil, pins: Bool) async throws(ImageFailure) -> ImportedArchive {
        do {
            guard path.hasPrefix("/") else { throw ImageStoreError(.malformed, "import", path, "wanted a path that begins with /") }
            let status = try await pool.run("look at archive") { try FileStatus(of: path, follow: true) }
            if status.kind == .directory { return try await importFolder(path, name, pins) }
            guard status.kind == .file else { throw ImageStoreError(.malformed, "import", path, "found a \(status.kind), wanted a file or a folder") }
            return try await withUnpacked(path) { folder in try await importFolder(folder, name, pins) }
        } catch {
            let known = error as? ImageStoreError
            throw ImageFailure(Self.importCode(known), "cannot import \(path): \(error)", freeBytes: known?.freeBytes)
        }
    }

    private static func importCode(_ error: ImageStoreError?) -> ImageFailure.Code {
        guard let error else { return .storeFailed }
        switch error.code {
        case .malformed, .digestMismatch, .tooLarge, .unsupported, .notFound: return .pullFailed
        case .noRoom: return .noRoom
        default: return .storeFailed
        }
    }

    /// Unpacks a tar file by the same confined process as layers, into a folder that is gone afterwards.
    private func withUnpacked<R: Sendable>(_ path: String, _ body: (String) async throws -> R) async throws -> R {
        let number = takeNumber()
        let scratch = "\(layout.ingest)/import-\(number)"
        let folder = scratch + ".files"
        let file = try await pool.run("open archive") {
            try Directories.make(folder, mode: 0o700)
            return try BlobFile(reading: .open(path, O_RDONLY), scratch: scratch)
        }
        let outcome: Result<R, any Error>
        do {
            // The archive is as large as its images.
            var limits = limits
            limits.unpackedBytes = limits.imageBytes
            _ = try await unpacker.unpack(file, into: folder, limits: limits)
            outcome = .success(try await body(folder))
        } catch {
            outcome = .failure(error)
        }
        await discard(folder, "Unpacked archive cannot be removed")
        return try outcome.get()
    }

    private func importFolder(_ path: String, _ name: String?, _ pins: Bool) async throws -> ImportedArchive {
        let (folder, images) = try await pool.run("read archive") { [limits] in
            let folder = try ArchiveFolder(path)
            return (folder, try ArchivedImage.all(in: folder, limits: limits))
        }
        let given = try name.map { text -> String in
            guard images.count == 1 else {
                throw ImageStoreError(.malformed, "import", path, "found \(images.count) images, and one name for them")
            }
            return try DockerManifest.complete(text)
        }
        var imported = ImportedArchive(hasSubstitutes: images.contains(where: \.isSubstitute))
        for image in images {
            let entered = try await enter(image, given.map { [$0] } ?? image.names, folder, pins)
            imported.images.append(entered)
            guard entered.names.isEmpty else { continue }
            logger.warning(
                "An imported image has no name, so only its ID leads to it; give it one with 'swiftlet images import --name', or write it into the archive",
                metadata: ["archive": "\(path)", "image": "\(image.id)"])
        }
        return imported
    }

    private func enter(_ image: ArchivedImage, _ names: [String], _ folder: ArchiveFolder, _ pins: Bool) async throws -> ImageDescription {
        let document = try ImageConfigurationDocument(image.config, layers: image.layers.count, platform: .host, object: "\(image.id)")
        var files: [ContentDigest: String] = [:]
        var descriptors: [Descriptor] = []
        for layer in image.layers {
            let descriptor: Descriptor
            if let known = layer.descriptor { descriptor = known } else { descriptor = try await describe(layer.file, folder) }
            descriptors.append(descriptor)
            files[descriptor.digest] = layer.file
        }
        let top = image.manifests.first?.digest
        let repoDigests = try top.map { top in try names.map { "\(try ImageReference($0).repository)@\(top)" } } ?? []
        return try await enter(
            NewImage(
                id: image.id, config: image.config, document: document, layers: descriptors, manifests: image.manifests, names: names,
                repoDigests: repoDigests, isPinned: pins),
            from: FolderLayers(folder: folder, files: files, limits: limits, pool: pool))
    }

    private func describe(_ file: String, _ folder: ArchiveFolder) async throws -> Descriptor {
        try await pool.run("hash layer") {
            var hasher = ContentHasher()
            try folder.read(file) { part in part.withUnsafeReadableBytes { hasher.update($0) } }
            return Descriptor(mediaType: "application/vnd.oci.image.layer.v1.tar", digest: hasher.digest(), size: hasher.count)
        }
    }
}
