import CLinux
import FoundationEssentials
import Glibc
import LinuxSystem

/// The program that unpacks one layer in a process of its own, started by the image store as `swiftlet unpack-layer LIMITS`.
///
/// Descriptors: 0 the compressed layer, 1 an empty file for the report, 3 the directory to fill.
package enum LayerUnpackProgram {
    /// The hidden subcommand.
    package static let subcommand = "unpack-layer"

    static let targetDescriptor: Int32 = 3

    /// Confines this process for good, unpacks, reports.
    /// - Parameter arguments: the arguments of the subcommand: the limits as JSON.
    /// - Returns: the exit status, 0 when the layer is whole and synced.
    package static func run(_ arguments: [String]) -> Int32 {
        let outcome = Result { () throws(ImageStoreError) in try unpack(arguments) }
        let (text, status): ([UInt8], Int32) =
            switch outcome {
            case .success(let report): (report.encoded, 0)
            case .failure(let error): (LayerReport.encoded(error), 1)
            }
        let report = OwnedFileDescriptor(STDOUT_FILENO)
        // Not closed: the descriptor belongs to the process.
        defer { _ = report.release() }
        do throws(SystemError) {
            try report.writeAll(text)
        } catch {
            return 2
        }
        return status
    }

    private static func unpack(_ arguments: [String]) throws(ImageStoreError) -> LayerReport {
        guard arguments.count == 1, let limits = try? JSONDecoder().decode(ImageLimits.self, from: Data(arguments[0].utf8)) else {
            throw ImageStoreError(.store, "unpack", "layer", "wanted the limits as the only argument; this command is for swiftlet itself")
        }
        do {
            let blob = OwnedFileDescriptor(STDIN_FILENO)
            defer { _ = blob.release() }
            let size = try FileStatus(of: blob).size
            let target = OwnedFileDescriptor(targetDescriptor)
            let root = try UnpackConfinement.enter(target, limits: limits)
            let report = try LayerExtraction.run(blob: STDIN_FILENO, compressedBytes: Int64(size), into: root, limits: limits)
            // Once, for all files together: from here on the layer is complete.
            try systemCall("syncfs") { root.withRawValue { swl_syncfs($0) } }
            return report
        } catch let error as ImageStoreError {
            throw error
        } catch {
            throw ImageStoreError(.store, "unpack", "layer", "the unpacking process cannot work", cause: error)
        }
    }
}
