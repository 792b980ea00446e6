import Glibc
import LinuxSystem

/// Reads and writes certificates, keys, tokens and kubeconfigs, away from the cooperative threads. Every failure is an `APIError`.
enum CredentialFiles {
    /// Larger files than this are a mistake, in bytes.
    private static let largestFile = 4 << 20

    static func read(_ path: String, operation: String, hint: String = "") async throws -> [UInt8] {
        try await BlockingPool.shared.run(operation) {
            do throws(SystemError) {
                return try SmallFile.bytes(path, limit: largestFile)
            } catch {
                throw failure(error, operation, path, hint)
            }
        }
    }

    /// Replaces a file in one step, so that a reader sees the old content or the new content, also after a power cut.
    static func replace(_ path: String, with content: [UInt8], mode: UInt32) async throws {
        try await write("write", path) { () throws(SystemError) in
            try AtomicFile.replace(path, with: content, mode: mode, durability: .synced)
        }
    }

    /// Makes a directory that only the agent reads, with its missing parents.
    static func makeDirectory(_ path: String) async throws {
        try await write("make the directory", path) { () throws(SystemError) in try Directories.make(path, mode: 0o700) }
    }

    static func remove(_ path: String) async throws {
        try await write("remove", path) { () throws(SystemError) in try AtomicFile.remove(path) }
    }

    /// Runs a change of files; `path` is for the message of a failure.
    static func write(_ operation: String, _ path: String, _ body: @escaping @Sendable () throws(SystemError) -> Void) async throws {
        try await BlockingPool.shared.run(operation) {
            do throws(SystemError) {
                try body()
            } catch {
                throw failure(error, operation, path)
            }
        }
    }

    private static func failure(_ error: SystemError, _ operation: String, _ path: String, _ hint: String = "") -> APIError {
        let reason: String
        switch error.code {
        case .tooLarge: reason = "it is larger than \(largestFile) bytes; wanted a small file"
        case _ where error.isNotFound: reason = "there is no such file"
        default: reason = error.errno.map(SystemError.text(of:)) ?? "\(error)"
        }
        return APIError(error.isNotFound ? .missingFile : .unreadableFile, operation: operation, object: path, reason: reason + hint)
    }
}
