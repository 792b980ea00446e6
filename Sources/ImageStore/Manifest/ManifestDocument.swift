import FoundationEssentials

/// A registry's answer for a reference: an image, an artifact, or an index that lists one image for each platform.
enum ManifestDocument: Sendable, Hashable {
    case image(config: Descriptor, layers: [Descriptor])
    /// Files of any kind, without a configuration that this program reads.
    case artifact([ArtifactFile])
    case index([Descriptor])

    private struct Fields: Decodable {
        let schemaVersion: Int
        let mediaType: String?
        let config: Descriptor?
        let layers: [Descriptor]?
        let manifests: [Entry]?
        let fsLayers: [Ignored]?
    }

    /// An entry of an index. Those of other platforms may be of a kind that this program does not know.
    private struct Entry: Decodable {
        let descriptor: Result<Descriptor, any Error>

        init(from decoder: any Decoder) throws {
            descriptor = Result { try Descriptor(from: decoder) }
        }
    }

    private struct Ignored: Decodable {
        init(from decoder: any Decoder) throws {}
    }

    /// - Parameter contentType: of the answer; empty when the answer has none.
    init(_ bytes: [UInt8], contentType: String, object: String, limits: ImageLimits) throws(ImageStoreError) {
        func bad(_ code: ImageStoreError.Code, _ detail: String) -> ImageStoreError { ImageStoreError(code, "read manifest", object, detail) }

        guard bytes.count <= limits.manifestBytes else {
            throw bad(.tooLarge, "found \(bytes.count) bytes, wanted at most \(limits.manifestBytes)")
        }
        let type = MediaType.bare(contentType)
        if MediaType.isFirstSchema(type) { throw Self.firstSchema(object) }
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(bytes))
        } catch {
            throw bad(.malformed, "found no manifest as JSON: \(DecodingFailure.text(error))")
        }
        if fields.schemaVersion == 1 || fields.fsLayers != nil { throw Self.firstSchema(object) }
        guard fields.schemaVersion == 2 else { throw bad(.malformed, "found schemaVersion \(fields.schemaVersion), wanted 2") }

        // A document with two readings would let a signature for one image vouch for another.
        let isImage = fields.config != nil || fields.layers != nil
        guard isImage != (fields.manifests != nil) else {
            throw bad(.malformed, "found \(isImage ? "both an image and an index" : "neither layers nor manifests"), wanted one of them")
        }
        let inside = MediaType.bare(fields.mediaType ?? "")
        for claimed in [inside, type] where !claimed.isEmpty {
            let wanted = isImage ? MediaType.manifests : MediaType.indexes
            let others = isImage ? MediaType.indexes : MediaType.manifests
            if others.contains(claimed) || (claimed == inside && !wanted.contains(claimed)) {
                throw bad(
                    .malformed,
                    "found the media type \(claimed) on \(isImage ? "an image manifest" : "an index"), wanted \(wanted.joined(separator: " or "))")
            }
        }
        if let manifests = fields.manifests {
            guard manifests.count <= limits.indexEntries else {
                throw bad(.tooLarge, "found \(manifests.count) manifests, wanted at most \(limits.indexEntries)")
            }
            let readable = manifests.compactMap { try? $0.descriptor.get() }
            if readable.isEmpty, case .failure(let error)? = manifests.first?.descriptor {
                throw bad(.malformed, "found no entry that can be read: \(DecodingFailure.text(error))")
            }
            self = .index(readable)
            return
        }
        guard let config = fields.config, let layers = fields.layers else {
            throw bad(.malformed, "found an image without \(fields.config == nil ? "config" : "layers")")
        }
        try Self.checkSizes(config: config, layers: layers, object: object, limits: limits)
        guard MediaType.configs.contains(config.mediaType) else {
            self = .artifact(try ArtifactFile.all(of: layers, kind: config.mediaType, object: object, limits: limits))
            return
        }
        for layer in layers where !MediaType.layers.contains(layer.mediaType) {
            throw bad(.unsupported, "found a layer of type \(layer.mediaType.prefix(200)), wanted a tar layer, plain or with gzip or zstd")
        }
        self = .image(config: config, layers: layers)
    }

    private static func checkSizes(config: Descriptor, layers: [Descriptor], object: String, limits: ImageLimits) throws(ImageStoreError) {
        func bad(_ code: ImageStoreError.Code, _ detail: String) -> ImageStoreError { ImageStoreError(code, "read manifest", object, detail) }

        guard config.size >= 0, config.size <= limits.configBytes else {
            throw bad(.tooLarge, "found a configuration of \(config.size) bytes, wanted at most \(limits.configBytes)")
        }
        guard layers.count <= limits.layers else {
            throw bad(.tooLarge, "found \(layers.count) layers, wanted at most \(limits.layers)")
        }
        var total: Int64 = 0
        for layer in layers {
            guard layer.size >= 0, layer.size <= limits.layerBytes else {
                throw bad(
                    .tooLarge, "found a layer of \(layer.size) bytes, wanted at most \(limits.layerBytes)\(ImageLimits.advice("layerSize"))")
            }
            total += layer.size
        }
        guard total <= limits.imageBytes else {
            throw bad(
                .tooLarge, "found \(total) bytes of layers, wanted at most \(limits.imageBytes)\(ImageLimits.advice("imageSize"))")
        }
    }

    private static func firstSchema(_ object: String) -> ImageStoreError {
        ImageStoreError(
            .unsupported, "read manifest", object,
            "found a manifest of schema 1, wanted an OCI image manifest or Docker schema 2; push the image again with a current tool")
    }
}
