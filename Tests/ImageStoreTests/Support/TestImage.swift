import LinuxSystem

@testable import ImageStore

/// An image as blobs, made from tar streams.
struct TestImage {
    var blobs: [ContentDigest: [UInt8]] = [:]
    let manifest: [UInt8]
    let config: ContentDigest
    let layers: [ContentDigest]

    var digest: ContentDigest { ContentHasher.digest(of: manifest) }

    /// - Parameter compressed: the layers as they travel; `nil` for the tar streams themselves.
    init(
        layers tars: [[UInt8]], compressed: [[UInt8]]? = nil, user: String = "", diffIDs: [ContentDigest]? = nil,
        architecture: String = Platform.host.architecture, variant: String = "", layerType: String = "application/vnd.oci.image.layer.v1.tar+gzip"
    ) {
        let travelling = compressed ?? tars
        let ids = diffIDs ?? tars.map { ContentHasher.digest(of: $0) }
        let list = ids.map { "\"\($0)\"" }.joined(separator: ",")
        let configText = """
            {"architecture":"\(architecture)","os":"linux","variant":"\(variant)","config":{"User":"\(user)","Env":["PATH=/bin"],"Cmd":["sh"]},\
            "rootfs":{"type":"layers","diff_ids":[\(list)]}}
            """
        let configBytes = Array(configText.utf8)
        config = ContentHasher.digest(of: configBytes)
        layers = travelling.map { ContentHasher.digest(of: $0) }
        blobs[config] = configBytes
        for (digest, bytes) in zip(layers, travelling) { blobs[digest] = bytes }
        let entries = zip(layers, travelling).map { "{\"mediaType\":\"\(layerType)\",\"digest\":\"\($0)\",\"size\":\($1.count)}" }
        manifest = Array(
            """
            {"schemaVersion":2,"mediaType":"\(MediaType.ociManifest)","config":{"mediaType":"application/vnd.oci.image.config.v1+json",\
            "digest":"\(config)","size":\(configBytes.count)},"layers":[\(entries.joined(separator: ","))]}
            """.utf8)
    }

    static func index(_ entries: [(platform: String, manifest: [UInt8])]) -> [UInt8] {
        let list = entries.map { entry in
            let parts = entry.platform.split(separator: "/")
            return """
                {"mediaType":"\(MediaType.ociManifest)","digest":"\(ContentHasher.digest(of: entry.manifest))","size":\(entry.manifest.count),\
                "platform":{"os":"\(parts[0])","architecture":"\(parts[1])","variant":"\(parts.count > 2 ? parts[2] : "")"}}
                """
        }
        return Array("{\"schemaVersion\":2,\"mediaType\":\"\(MediaType.ociIndex)\",\"manifests\":[\(list.joined(separator: ","))]}".utf8)
    }

    /// Runs a compressor of the machine over bytes.
    static func compress(_ bytes: [UInt8], with program: String, in directory: String) async throws -> [UInt8] {
        let input = directory + "/plain"
        let output = directory + "/packed"
        try AtomicFile.replace(input, with: bytes)
        try AtomicFile.replace(output, with: "")
        let child = try ChildProcess(
            ChildProcess.Request(
                executable: program, arguments: [program, "-c"],
                descriptors: [try .open(input, 0), try .open(output, 1), nil]))
        guard try await child.exitStatus().isSuccess else { throw SystemError(code: .malformed, call: program) }
        return try SmallFile.bytes(output, limit: 1 << 30)
    }
}
