import CLinux
import Glibc
import LinuxSystem

/// A log file that may be renamed away and made anew while it is read.
struct LogFile: Sendable {
    let descriptor: OwnedFileDescriptor
    private let inode: UInt64
    private let device: UInt64

    init(_ path: String) throws(SystemError) {
        // A file put in its place must neither block this thread nor lead elsewhere.
        descriptor = try .open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        let status = try FileStatus(of: descriptor)
        guard status.kind == .file else {
            throw SystemError(code: .malformed, call: "open", path: path, detail: "wanted a regular file, found a \(status.kind)")
        }
        inode = status.inode
        device = status.device
        // While a file is read, neither it nor its successors are compressed. Without the lock the file is read all the same.
        _ = try? systemCall("flock", path) { descriptor.withRawValue { flock($0, LOCK_SH | LOCK_NB) } }
    }

    var size: Int64 {
        get throws(SystemError) { Int64(clamping: try FileStatus(of: descriptor).size) }
    }

    /// At most `count` bytes; fewer only at the end of the file.
    static func read(_ file: OwnedFileDescriptor, at offset: Int64, count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                while filled < count {
                    let rest = UnsafeMutableBufferPointer(rebasing: buffer[filled..<count])
                    let got = try systemCall("pread") { file.withRawValue { pread($0, rest.baseAddress, rest.count, off_t(offset) + off_t(filled)) } }
                    if got == 0 { break }
                    filled += got
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    func isSameFile(as status: FileStatus) -> Bool { status.inode == inode && status.device == device }

    /// The file that comes after this one; `nil` while this is the current one.
    ///
    /// When several rotations happened since the last look, the one right behind this file is next. When this one is gone already, pruned or
    /// compressed, all that are left are newer.
    func successor(at path: String) throws(SystemError) -> LogFile? {
        guard let current = try FileStatus.ifPresent(path), !isSameFile(as: current) else { return nil }
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let directory = String(path[..<slash])
        let rotated = RotatedLogs.names(of: path, among: try DirectoryListing.names(at: directory))
        var newer = rotated
        for (index, name) in rotated.enumerated() {
            if let status = try FileStatus.ifPresent(directory + "/" + name), isSameFile(as: status) { newer = Array(rotated[(index + 1)...]) }
        }
        for name in newer {
            // Gone meanwhile: the next one is what is left.
            do throws(SystemError) { return try LogFile(directory + "/" + name) } catch { guard error.isNotFound else { throw error } }
        }
        do throws(SystemError) { return try LogFile(path) } catch {
            // Between the rename and the new file.
            guard error.isNotFound else { throw error }
            return nil
        }
    }
}
