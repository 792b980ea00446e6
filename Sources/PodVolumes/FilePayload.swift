import PodCore

/// The files of a volume with their paths checked, and with the owner and mode that they will have on disk.
struct FilePayload: Sendable {
    struct File: Sendable, Hashable {
        let content: FileContent
        let mode: UInt32
        let uid: UInt32
        let gid: UInt32
    }

    /// By clean relative path.
    let files: [String: File]
    let fsGroup: UInt32?

    /// - Throws: `.invalid` for a path that leaves the volume or hides among the writer's own names.
    init(_ files: [VolumeFile], fsGroup: UInt32?) throws(VolumeFailure) {
        var result: [String: File] = [:]
        for file in files {
            // A later source wins over an earlier one with the same path.
            result[try Self.checked(file.path)] = File(
                content: file.content, mode: (UInt32(file.mode) & 0o777) | (fsGroup == nil ? 0 : 0o440), uid: file.uid ?? 0, gid: fsGroup ?? 0)
        }
        self.files = result
        self.fsGroup = fsGroup
    }

    /// Directories of the payload, and the data directory itself.
    var directoryMode: UInt32 { 0o755 | (fsGroup == nil ? 0 : 0o2550) }

    /// The names that are visible in the volume's root.
    var visibleNames: Set<String> { Set(files.keys.compactMap { $0.split(separator: "/").first.map(String.init) }) }

    /// The path without `.` and doubled slashes.
    private static func checked(_ path: String) throws(VolumeFailure) -> String {
        guard !path.isEmpty else { throw VolumeFailure(.invalid, "invalid path: must not be empty: \"\"") }
        guard !path.hasPrefix("/") else { throw VolumeFailure(.invalid, "invalid path: must be relative path: \(path)") }
        guard path.utf8.count <= 4096 else {
            throw VolumeFailure(.invalid, "invalid path: must be less than or equal to 4096 characters")
        }
        guard !path.utf8.contains(0) else { throw VolumeFailure(.invalid, "invalid path: must not contain NUL: \(path.debugDescription)") }
        let parts = path.split(separator: "/").filter { $0 != "." }
        for part in parts {
            guard part != ".." else { throw VolumeFailure(.invalid, "invalid path: must not contain '..': \(path)") }
            guard part.utf8.count <= 255 else {
                throw VolumeFailure(.invalid, "invalid path: filenames must be less than or equal to 255 characters")
            }
        }
        guard let first = parts.first else { throw VolumeFailure(.invalid, "invalid path: must name a file: \(path)") }
        guard !first.hasPrefix("..") else { throw VolumeFailure(.invalid, "invalid path: must not start with '..': \(path)") }
        return parts.joined(separator: "/")
    }
}
