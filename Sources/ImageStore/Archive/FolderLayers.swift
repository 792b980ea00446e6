import LinuxSystem
import NIOCore

/// Layers from the files of an archive.
struct FolderLayers: LayerSource {
    let folder: ArchiveFolder
    let files: [ContentDigest: String]
    let limits: ImageLimits
    let pool: BlockingPool

    func bring(_ layer: Descriptor, into file: BlobFile) async throws {
        guard let name = files[layer.digest] else { throw ImageStoreError(.notFound, "import", "\(layer.digest)", "found no file for the layer") }
        try await pool.run("copy layer") {
            // Copying takes no time beside unpacking, so nothing is continued.
            try file.restart()
            try folder.read(name) { part in
                guard file.count + Int64(part.readableBytes) <= layer.size else {
                    throw ImageStoreError(.digestMismatch, "import", name, "found more than the \(layer.size) bytes of its manifest")
                }
                try FreeSpace.check(file.descriptor, limits)
                try file.append([part])
            }
            let found = file.digest()
            guard found == layer.digest else {
                throw ImageStoreError(.digestMismatch, "import", name, "found the digest \(found), wanted \(layer.digest); copy the archive again")
            }
        }
    }
}
