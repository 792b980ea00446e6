/// The media types of the OCI image specification and of Docker's image manifest, version 2.
enum MediaType {
    static let ociManifest = "application/vnd.oci.image.manifest.v1+json"
    static let ociIndex = "application/vnd.oci.image.index.v1+json"
    static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"

    static let manifests = [ociManifest, dockerManifest]
    static let indexes = [ociIndex, dockerList]
    /// The `Accept` header of a manifest request.
    static let accepted = (indexes + manifests).joined(separator: ", ")

    /// Whether an entry of an index is an image. Some tools leave its type out.
    static func isManifest(_ type: String) -> Bool { type.isEmpty || manifests.contains(type) }
    static func isIndex(_ type: String) -> Bool { indexes.contains(type) }

    static func isFirstSchema(_ type: String) -> Bool { type.hasPrefix("application/vnd.docker.distribution.manifest.v1+") }

    /// Docker 1.10 wrote the type of any content.
    static let configs: Set<String> = [
        "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json", "application/octet-stream",
    ]

    /// Compression is detected by content, not by name, because registries and builders disagree about the names.
    static let layers: Set<String> = [
        "application/vnd.oci.image.layer.v1.tar",
        "application/vnd.oci.image.layer.v1.tar+gzip",
        "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        "application/vnd.docker.image.rootfs.diff.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.diff.tar.zstd",
        "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.zstd",
    ]

    /// The type of a `Content-Type` header, without its parameters.
    static func bare(_ header: String) -> String {
        let type = header.prefix { $0 != ";" }
        return String(type.drop { $0 == " " }.prefix { $0 != " " }).lowercased()
    }
}
