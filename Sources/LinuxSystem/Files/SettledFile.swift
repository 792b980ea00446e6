import CLinux
import Glibc

/// The content of a file that other programs write at any time.
package enum SettledFile: Sendable, Equatable {
    case bytes([UInt8])
    /// A program has the file open for writing: its content may be half of what it will be.
    case beingWritten
    case failed(SystemError)

    /// Reads a file of the directory, with symbolic links followed. Returns `nil` for a directory. Blocking.
    ///
    /// Nothing but regular files is opened: a FIFO would block, and opening a device may do something.
    package static func read(_ name: String, in directory: OwnedFileDescriptor, largest: Int) -> SettledFile? {
        do throws(SystemError) {
            let found = try directory.openAt(name, SWL_O_PATH)
            let status = try FileStatus(of: found)
            if status.kind == .directory { return nil }
            guard status.kind == .file else {
                return .failed(SystemError(code: .malformed, call: "open", path: name, detail: "found a \(status.kind), wanted a regular file"))
            }
            guard status.size <= UInt64(largest) else {
                let detail = "found \(status.size) bytes, wanted at most \(largest)"
                return .failed(SystemError(code: .tooLarge, call: "read", path: name, detail: detail))
            }
            return try content(of: .open(found.procPath, O_RDONLY | O_NONBLOCK), name, largest)
        } catch {
            return .failed(error)
        }
    }

    private static func content(of file: OwnedFileDescriptor, _ name: String, _ largest: Int) throws(SystemError) -> SettledFile {
        let before = try FileStatus(of: file)
        if file.hasWriter { return .beingWritten }
        let bytes = try file.readAll(limit: largest, path: name)
        let after = try FileStatus(of: file)
        // A writer may have come, or come and gone, while the file was read.
        if file.hasWriter || before.modified != after.modified || before.size != after.size { return .beingWritten }
        return .bytes(bytes)
    }
}
