import LinuxSystem

/// Unpacks one downloaded layer into an empty directory. Where it is done (a process of its own, the calling thread) is the conformer's.
protocol LayerUnpacking: Sendable {
    /// - Parameter blob: the compressed layer, at its first byte.
    /// - Parameter directory: absolute, empty, on the disk that the layer stays on. Its content is synced when this returns.
    func unpack(_ blob: BlobFile, into directory: String, limits: ImageLimits) async throws -> LayerReport
}
