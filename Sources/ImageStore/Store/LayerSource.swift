import LinuxSystem

/// The place that an image's compressed layers come from.
protocol LayerSource: Sendable {
    /// Brings a layer into a file that may hold its beginning. Throws unless the file has the descriptor's digest afterwards.
    func bring(_ layer: Descriptor, into file: BlobFile) async throws
}

/// Layers from a registry.
struct RegistryLayers: LayerSource {
    let session: RegistrySession
    let limits: ImageLimits
    let pool: BlockingPool

    func bring(_ layer: Descriptor, into file: BlobFile) async throws {
        try await session.download(layer, into: file, limits: limits, pool: pool)
    }
}
