import KubeModel
import LinuxSystem
import PodCore

/// An image whose layers have been written as tar streams, and the documents that belong to them.
struct ExportedImage: Sendable {
    struct Layer: Sendable {
        let file: String
        let digest: ContentDigest
        let size: Int64
    }

    let names: [String]
    let layers: [Layer]
    let config: [UInt8]

    /// - Parameter config: of the image in the store; everything but the layers' digests stays.
    init(names: [String], layers: [Layer], config: [UInt8]) throws {
        var document = try JSONParser.parse(config).object ?? [:]
        document["rootfs"] = ["type": "layers", "diff_ids": .array(layers.map { .string("\($0.digest)") })]
        self.names = names
        self.layers = layers
        self.config = JSONWriter.bytes(.object(document))
    }

    /// Blocking.
    func write(to writer: TarWriter, _ format: ArchiveFormat) throws {
        switch format {
        case .docker: try writeDocker(writer)
        case .oci: try writeLayout(writer)
        }
    }

    private func writeDocker(_ writer: TarWriter) throws {
        let id = ContentHasher.digest(of: config)
        var files: [JSONValue] = []
        var written: Set<String> = []
        for layer in layers {
            let name = "\(layer.digest.hex)/layer.tar"
            files.append(.string(name))
            if written.insert(name).inserted { try writer.add(name, from: .open(layer.file, 0), size: layer.size) }
        }
        try writer.add("\(id.hex).json", config)
        let entry: JSONValue = ["Config": .string("\(id.hex).json"), "RepoTags": .array(names.map(JSONValue.string)), "Layers": .array(files)]
        try writer.add("manifest.json", JSONWriter.bytes([entry]))
    }

    private func writeLayout(_ writer: TarWriter) throws {
        func descriptor(_ type: String, _ digest: ContentDigest, _ size: Int64) -> [String: JSONValue] {
            ["mediaType": .string(type), "digest": .string("\(digest)"), "size": .integer(size)]
        }
        try writer.add("oci-layout", JSONWriter.bytes(["imageLayoutVersion": "1.0.0"]))
        var written: Set<ContentDigest> = []
        for layer in layers where written.insert(layer.digest).inserted {
            try writer.add(ArchiveFolder.blobName(layer.digest), from: .open(layer.file, 0), size: layer.size)
        }
        let id = ContentHasher.digest(of: config)
        try writer.add(ArchiveFolder.blobName(id), config)
        let manifest = JSONWriter.bytes([
            "schemaVersion": 2, "mediaType": .string(MediaType.ociManifest),
            "config": .object(descriptor("application/vnd.oci.image.config.v1+json", id, Int64(config.count))),
            "layers": .array(layers.map { .object(descriptor("application/vnd.oci.image.layer.v1.tar", $0.digest, $0.size)) }),
        ])
        let digest = ContentHasher.digest(of: manifest)
        try writer.add(ArchiveFolder.blobName(digest), manifest)
        let plain = descriptor(MediaType.ociManifest, digest, Int64(manifest.count))
        let named = names.map { name -> JSONValue in
            var entry = plain
            entry["annotations"] = ["io.containerd.image.name": .string(name), "org.opencontainers.image.ref.name": .string(name)]
            return .object(entry)
        }
        try writer.add("index.json", JSONWriter.bytes(["schemaVersion": 2, "manifests": .array(named.isEmpty ? [.object(plain)] : named)]))
    }
}
