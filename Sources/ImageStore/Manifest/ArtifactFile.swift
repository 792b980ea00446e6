/// A file of an OCI artifact: content of any type with a name, which stands in the annotations of its descriptor.
struct ArtifactFile: Sendable, Hashable {
    let path: LayerPath
    let content: Descriptor

    /// Annotations that name a file, the first of them before the other: of OCI, and of the model specification.
    static let nameAnnotations = ["org.opencontainers.image.title", "org.cnai.model.filepath"]

    /// The files of a manifest that is not a container image's. Content without a name is left out.
    static func all(of layers: [Descriptor], kind: String, object: String, limits: ImageLimits) throws(ImageStoreError) -> [ArtifactFile] {
        func bad(_ code: ImageStoreError.Code, _ detail: String) -> ImageStoreError { ImageStoreError(code, "read manifest", object, detail) }

        var files: [ArtifactFile] = []
        var names: Set<LayerPath> = []
        var folders: Set<LayerPath> = []
        for layer in layers {
            guard let name = layer.fileName else { continue }
            guard let path = LayerPath(Array(name.utf8)), !path.isRoot else {
                throw bad(.malformed, "found the file name \"\(name.prefix(300))\" in an artifact, wanted one within its folder")
            }
            guard path.components.count <= limits.depth + 1 else {
                throw bad(.tooLarge, "found a file below \(path.components.count - 1) directories, wanted at most \(limits.depth)")
            }
            var above = path.parent
            while !above.isRoot {
                folders.insert(above)
                above = above.parent
            }
            guard names.insert(path).inserted else { throw bad(.malformed, "found two files with the name \"\(path.text)\" in an artifact") }
            files.append(ArtifactFile(path: path, content: layer))
        }
        if let both = names.first(where: folders.contains) {
            throw bad(.malformed, "found \"\(both.text)\" in an artifact as a file and as a folder")
        }
        guard !files.isEmpty else {
            throw bad(
                .unsupported,
                "found an artifact (its configuration has the type \"\(kind.prefix(200))\") without a named file, wanted a container image, or files "
                    + "with the annotation \(nameAnnotations[0]) for a volume")
        }
        return files
    }

    /// Names a folder with exactly these files, as the digest of a tar stream names a layer.
    static func digest(of files: [ArtifactFile]) -> ContentDigest {
        var hasher = ContentHasher()
        Array("artifact\n".utf8).withUnsafeBytes { hasher.update($0) }
        for file in files {
            // A name has no NUL, a digest has no newline.
            (file.path.joined + [0] + Array("\(file.content.digest)\n".utf8)).withUnsafeBytes { hasher.update($0) }
        }
        return hasher.digest()
    }
}
