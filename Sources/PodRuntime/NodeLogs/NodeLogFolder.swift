import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient

/// The files below the node's log folder. The kernel resolves every path and does not let it out of the folder.
struct NodeLogFolder: Sendable {
    /// How many entries a listing shows.
    static let longestListing = 20_000
    /// Bytes that are enough to know a file's kind.
    private static let beginning = 512

    let path: String

    /// Blocking.
    func open(_ name: String, pool: BlockingPool) throws(RuntimeFailure) -> NodeLogEntry {
        do throws(SystemError) {
            let object = try locate(name)
            let status = try FileStatus(of: object)
            switch status.kind {
            case .directory: return try Self.listing(of: OwnedFileDescriptor.open(object.procPath, O_RDONLY | O_DIRECTORY))
            case .file:
                let file = try OwnedFileDescriptor.open(object.procPath, O_RDONLY | O_NOCTTY | O_NONBLOCK)
                let beginning = try file.read(upTo: Self.beginning)
                return .file(NodeLogFile(file, size: Int64(clamping: status.size), pool: pool), beginning: beginning)
            // Opening a device or a pipe may do something, or wait.
            default: throw SystemError(code: .escapes, call: "open", path: name, detail: "found \(status.kind), wanted a file or a folder")
            }
        } catch {
            if error.isNotFound || error.is(ENAMETOOLONG) { throw RuntimeFailure(.notFound, "\(error)") }
            let isRefused = error.code == .escapes || error.is(EXDEV) || error.is(ELOOP)
            let reason = isRefused && error.code != .escapes ? "\(error): the path leads out of \(path)" : "\(error)"
            throw RuntimeFailure(isRefused ? .notSupported : .internal, reason)
        }
    }

    /// Opens the object without touching it. A link to a full path below the log folder, as those of `containers` are, is followed once.
    private func locate(_ name: String) throws(SystemError) -> OwnedFileDescriptor {
        let root = try SafePath(directory: path)
        let relative = name.isEmpty ? "." : name
        do throws(SystemError) {
            return try root.open(bytes: Array(relative.utf8), SWL_O_PATH, rules: .beneath)
        } catch {
            guard error.is(EXDEV), let target = try Self.target(ofLink: relative, root), target.hasPrefix(path + "/") else { throw error }
            return try root.open(bytes: Array(target.dropFirst(path.count + 1).utf8), SWL_O_PATH, rules: .beneath)
        }
    }

    private static func target(ofLink name: String, _ root: SafePath) throws(SystemError) -> String? {
        // The last part itself, with the folders before it resolved below the root.
        guard let link = try? root.open(bytes: Array(name.utf8), SWL_O_PATH | O_NOFOLLOW, rules: .beneath) else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = link.withRawValue { number in buffer.withUnsafeMutableBufferPointer { readlinkat(number, "", $0.baseAddress!, $0.count) } }
        guard length > 0, length < buffer.count else { return nil }
        return String(validating: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Sorted; names that are not UTF-8 cannot be asked for and are left out.
    private static func listing(of folder: OwnedFileDescriptor) throws(SystemError) -> NodeLogEntry {
        let all = try DirectoryListing.names(of: folder).sorted()
        var names: [NodeLogEntry.Name] = []
        for name in all.prefix(longestListing) {
            // One that has gone meanwhile is left out.
            guard let status = try? FileStatus(of: name, in: folder) else { continue }
            names.append(NodeLogEntry.Name(name, isFolder: status.kind == .directory))
        }
        return .folder(names, omitted: max(0, all.count - longestListing))
    }
}
