import CArchive
import CLinux
import Glibc
import LinuxSystem

/// Makes `<rotated>.gz` out of all rotated files of a log but the newest, as kubelet does: a reader of the file that was just renamed
/// finds it unchanged. It stops at an older one that is still being read, since the reader comes to the newer ones next. Blocking, and long.
enum LogCompression {
    /// One caller at a time for a log: an unfinished file that is found is what an earlier agent left, and is removed.
    static func run(_ path: String) throws(SystemError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        // By descriptor: exchanging a folder cannot lead this elsewhere.
        let directory = try OwnedFileDescriptor.open(String(path[..<slash]), O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let entries = try DirectoryListing.names(of: directory)
        for name in RotatedLogs.names(of: path, among: entries, ending: RotatedLogs.unfinished) {
            try remove(name + RotatedLogs.unfinished, in: directory)
        }
        let finished = Set(RotatedLogs.names(of: path, among: entries, ending: RotatedLogs.compressed))
        for name in RotatedLogs.names(of: path, among: entries).dropLast() {
            do throws(SystemError) {
                let source = try open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, in: directory)
                guard try !isRead(source, name) else { return }
                if !finished.contains(name) { try compress(source, name, in: directory) }
                try remove(name, in: directory)
            } catch {
                // Pruned meanwhile.
                guard error.isNotFound else { throw error }
            }
        }
    }

    private static func isRead(_ file: OwnedFileDescriptor, _ name: String) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try systemCall("flock", name) { file.withRawValue { flock($0, LOCK_EX | LOCK_NB) } }
            return false
        } catch {
            guard error.is(EWOULDBLOCK) else { throw error }
            return true
        }
    }

    private static func compress(_ source: OwnedFileDescriptor, _ name: String, in directory: OwnedFileDescriptor) throws(SystemError) {
        let status = try FileStatus(of: source)
        guard status.kind == .file else {
            throw SystemError(code: .malformed, call: "compress", path: name, detail: "wanted a regular file, found a \(status.kind)")
        }
        let unfinished = name + RotatedLogs.unfinished
        do throws(SystemError) {
            let target = try open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o640, in: directory)
            try gzip(source, name, into: target)
            try systemCall("renameat", name) {
                directory.withRawValue { renameat($0, unfinished, $0, name + RotatedLogs.compressed) }
            }
        } catch {
            try? remove(unfinished, in: directory)
            throw error
        }
        // Pruned while it was read: what has just been made would come back as one file too many.
        if try !exists(name, in: directory) { try remove(name + RotatedLogs.compressed, in: directory) }
    }

    private static func gzip(_ source: OwnedFileDescriptor, _ name: String, into target: OwnedFileDescriptor) throws(SystemError) {
        guard let archive = archive_write_new() else { throw SystemError(call: "archive_write_new", path: name, errno: ENOMEM) }
        defer { archive_write_free(archive) }
        guard let entry = archive_entry_new() else { throw SystemError(call: "archive_entry_new", path: name, errno: ENOMEM) }
        defer { archive_entry_free(entry) }
        func check(_ call: String, _ result: Int) throws(SystemError) {
            guard result < Int(ARCHIVE_OK) else { return }
            let detail = archive_error_string(archive).map { String(cString: $0) }
            throw SystemError(code: .systemCall, call: call, path: name, errno: archive_errno(archive), detail: detail)
        }
        try check("archive_write_set_format_raw", Int(archive_write_set_format_raw(archive)))
        try check("archive_write_add_filter_gzip", Int(archive_write_add_filter_gzip(archive)))
        // Padding to whole blocks is for tapes.
        try check("archive_write_set_bytes_in_last_block", Int(archive_write_set_bytes_in_last_block(archive, 1)))
        try check("archive_write_open_fd", Int(target.withRawValue { archive_write_open_fd(archive, $0) }))
        archive_entry_set_filetype(entry, 0o100000)  // S_IFREG
        try check("archive_write_header", Int(archive_write_header(archive, entry)))
        var offset: Int64 = 0
        while true {
            let block = try LogFile.read(source, at: offset, count: 64 << 10)
            if block.isEmpty { break }
            try check("archive_write_data", block.withUnsafeBytes { Int(archive_write_data(archive, $0.baseAddress, $0.count)) })
            offset += Int64(block.count)
        }
        try check("archive_write_close", Int(archive_write_close(archive)))
    }

    private static func open(
        _ name: String, _ flags: Int32, mode: mode_t = 0, in directory: OwnedFileDescriptor
    ) throws(SystemError) -> OwnedFileDescriptor {
        try descriptorCall("openat", name) { directory.withRawValue { openat($0, name, flags | O_CLOEXEC, mode) } }
    }

    private static func exists(_ name: String, in directory: OwnedFileDescriptor) throws(SystemError) -> Bool {
        do throws(SystemError) {
            try systemCall("faccessat", name) { directory.withRawValue { faccessat($0, name, F_OK, AT_SYMLINK_NOFOLLOW) } }
            return true
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
    }

    private static func remove(_ name: String, in directory: OwnedFileDescriptor) throws(SystemError) {
        do throws(SystemError) {
            try systemCall("unlinkat", name) { directory.withRawValue { unlinkat($0, name, 0) } }
        } catch {
            guard error.isNotFound else { throw error }
        }
    }
}
