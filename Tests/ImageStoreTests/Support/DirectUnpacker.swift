import LinuxSystem

@testable import ImageStore

/// Unpacks on a thread of the pool, without a process of its own.
struct DirectUnpacker: LayerUnpacker {
    let pool: BlockingPool

    func unpack(_ blob: BlobFile, into directory: String, limits: ImageLimits) async throws -> LayerReport {
        try await pool.run("unpack") {
            try blob.rewind()
            let root = try OwnedFileDescriptor.open(directory, 0o200000)
            return try blob.descriptor.withRawValue { number in
                try LayerExtraction.run(blob: number, compressedBytes: Int64(FileStatus(of: blob.descriptor).size), into: root, limits: limits)
            }
        }
    }
}
