import Glibc
import LinuxSystem

/// A file system whose server takes requests and never answers.
package final class SilentFileSystem: Sendable {
    private let device: OwnedFileDescriptor
    /// Keeps the mount busy without a request.
    private let root: OwnedFileDescriptor

    package static let isPossible = isRoot && access("/dev/fuse", R_OK | W_OK) == 0

    package init(at path: String) throws {
        try Directories.make(path)
        device = try OwnedFileDescriptor.open("/dev/fuse", O_RDWR | O_NONBLOCK)
        let options = "fd=\(device.rawValue),rootmode=40000,user_id=0,group_id=0"
        try Mounts.mount(source: "silent", at: path, type: "fuse", flags: 6, data: options)
        root = try OwnedFileDescriptor.open(path, 0o10000000)  // O_PATH
    }

    /// Whether the kernel has let all calls fail that wait for the server.
    package var isAborted: Bool {
        do throws(SystemError) {
            _ = try device.read(upTo: 64 << 10)
            return false
        } catch {
            return error.is(ENODEV)
        }
    }
}
