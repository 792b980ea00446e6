import Glibc
package import LinuxSystem
import Synchronization

/// A file without a name, passed on by descriptor and gone with it.
package enum AnonymousFile {
    private static let counter = Atomic<UInt64>(0)

    /// - Parameter directory: on a tmpfs; the name is taken away before this returns.
    package static func make(in directory: String) throws(SystemError) -> OwnedFileDescriptor {
        let number = counter.add(1, ordering: .relaxed).newValue
        let path = "\(directory)/.anonymous.\(getpid())-\(number)"
        let file = try OwnedFileDescriptor.open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try systemCall("unlink", path) { unlink(path) }
        return file
    }

    /// Makes a file with this content, whose receiver reads it from the start.
    package static func make(in directory: String, content: [UInt8]) throws(SystemError) -> OwnedFileDescriptor {
        let file = try make(in: directory)
        try file.writeAll(content)
        return file
    }
}

extension OwnedFileDescriptor {
    /// Makes `bytes` the whole content; the next read begins at its start.
    package func replaceAll(with bytes: [UInt8]) throws(SystemError) {
        try systemCall("ftruncate") { withRawValue { ftruncate($0, 0) } }
        try systemCall("lseek") { withRawValue { Int32(clamping: lseek($0, 0, SEEK_SET)) } }
        try writeAll(bytes)
    }
}
