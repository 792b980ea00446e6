import LinuxSystem

/// Unpacks one downloaded layer into an empty directory. The conformer chooses the place: a process of its own, or the calling thread.
protocol LayerUnpacker: Sendable {
    /// - Parameter blob: the compressed layer, at its first byte.
    /// - Parameter directory: absolute, empty, on the disk that the layer stays on. Its content is synced when this returns.
    func unpack(_ blob: BlobFile, into directory: String, limits: ImageLimits) async throws -> LayerReport
}
