import Glibc
import LinuxSystem
package import PodCore

extension ImageStore {
    /// Writes an image into a new tar file. The compressed layers are not kept in the store, so the layers are written anew.
    package func exportImage(_ reference: String, to path: String, format: ArchiveFormat) async throws(ImageFailure) {
        guard let id = try await image(reference)?.id, let image = index.current.images[id], let digest = ContentDigest(id) else {
            throw ImageFailure(.invalidName, "no image \"\(reference)\" on this node")
        }
        guard !image.isArtifact else {
            throw ImageFailure(.storeFailed, "cannot export \"\(reference)\": it is an artifact, and only images can be exported")
        }
        // A removal meanwhile takes no layer away.
        holds.hold(image.layers)
        defer { holds.release(image.layers) }
        let number = takeNumber()
        let scratch = "\(layout.ingest)/export-\(number)"
        do {
            let directories = try image.layers.map { chain in
                guard let layer = index.current.layer(chain) else { throw ImageStoreError(.store, "export", id, "a layer has gone meanwhile") }
                return layout.layer(layer.number)
            }
            let config = layout.blob(digest)
            try await pool.run("export image") { [limits] in
                defer { try? TreeRemoval.remove(scratch) }
                try Directories.make(scratch, mode: 0o700)
                var layers: [ExportedImage.Layer] = []
                for (position, directory) in directories.enumerated() {
                    let file = "\(scratch)/\(position).tar"
                    let writer = try TarWriter(.open(file, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600))
                    try LayerExport.write(directory, to: writer)
                    let written = try writer.finish()
                    layers.append(ExportedImage.Layer(file: file, digest: written.digest, size: written.size))
                }
                let exported = try ExportedImage(
                    names: image.names, layers: layers, config: SmallFile.bytes(config, limit: Int(limits.configBytes)))
                try Self.write(exported, to: path, format)
            }
        } catch {
            throw ImageFailure(.storeFailed, "cannot export image \"\(reference)\" to \(path): \(error)")
        }
    }

    private static func write(_ image: ExportedImage, to path: String, _ format: ArchiveFormat) throws {
        let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o644)
        do {
            let writer = try TarWriter(file)
            try image.write(to: writer, format)
            _ = try writer.finish()
            try file.fsync()
        } catch {
            // Half an archive looks like a whole one.
            _ = unlink(path)
            throw error
        }
    }
}
