import FoundationEssentials
import Glibc
import LinuxSystem

/// Unpacks in a confined child: this program itself with the hidden subcommand.
struct ConfinedUnpacker: LayerUnpacker {
    let executable: String
    let pool: BlockingPool

    func unpack(_ blob: BlobFile, into directory: String, limits: ImageLimits) async throws -> LayerReport {
        let encoded = String(decoding: try JSONEncoder().encode(limits), as: UTF8.self)
        // Files instead of pipes, so that no reader is needed while the child writes.
        let (report, complaint) = try await pool.run("prepare unpacking") {
            try blob.rewind()
            return (try Self.scratch(blob.path + ".report"), try Self.scratch(blob.path + ".errors"))
        }
        let executable = executable
        let child = try await pool.run("start unpacking") {
            let target = try OwnedFileDescriptor.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            return try ChildProcess(
                ChildProcess.Request(
                    executable: executable, arguments: ["swiftlet", LayerUnpackProgram.subcommand, encoded], environment: [], directory: "/",
                    descriptors: [blob.descriptor, report, complaint, target]))
        }
        let status = try await withTaskCancellationHandler {
            do {
                return try await child.exitStatus(timeout: .seconds(limits.unpackSeconds))
            } catch {
                try? child.signal(SIGKILL)
                _ = try? await child.exitStatus()
                throw Task.isCancelled
                    ? ImageStoreError(.cancelled, "unpack", "layer", "the pull was cancelled")
                    : ImageStoreError(.tooLarge, "unpack", "layer", "not done after \(limits.unpackSeconds) s", cause: error)
            }
        } onCancel: {
            try? child.signal(SIGKILL)
        }
        try Task.checkCancellation()
        let (text, errors) = try await pool.run("read unpacking report") {
            (try Self.content(report, limit: LayerReport.longest), try? Self.content(complaint, limit: 1 << 20))
        }
        switch status {
        case .exited(0): return try LayerReport.decode(text)
        case .exited(1):
            // Throws the error that the child has reported.
            _ = try LayerReport.decode(text)
            fallthrough
        default:
            // A full disk does not take the report either.
            try await pool.run("look at the free space") { try FreeSpace.check(.open(directory, O_RDONLY | O_DIRECTORY), limits) }
            let said = String(decoding: (errors ?? []).prefix(500), as: UTF8.self)
            throw ImageStoreError(.store, "unpack", "layer", "the unpacking process ended with \(status)" + (said.isEmpty ? "" : ": \(said)"))
        }
    }

    /// An open file without a name.
    private static func scratch(_ path: String) throws(SystemError) -> OwnedFileDescriptor {
        let file = try OwnedFileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try systemCall("unlink", path) { unlink(path) }
        return file
    }

    private static func content(_ file: OwnedFileDescriptor, limit: Int) throws(SystemError) -> [UInt8] {
        try systemCall("lseek") { file.withRawValue { lseek($0, 0, SEEK_SET) } }
        return try file.readAll(limit: limit)
    }
}
