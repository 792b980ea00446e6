// Whole-module builds take `stat` from there.
import CArchive
import CLinux
import Glibc
import LinuxSystem

/// Looks at what is in the directories of unpacked layers, without following links. Names are bytes, as in the kernel. Blocking.
enum LayerEntries {
    /// - Parameter text: the name in error messages.
    static func status(of name: [CChar], in directory: OwnedFileDescriptor, _ text: String? = nil) throws(SystemError) -> stat {
        var status = stat()
        try systemCall("fstatat", text) { directory.withRawValue { fstatat($0, name, &status, SWL_AT_SYMLINK_NOFOLLOW) } }
        return status
    }

    static func open(_ name: [CChar], in directory: OwnedFileDescriptor, _ flags: Int32, _ text: String? = nil) throws(SystemError)
        -> OwnedFileDescriptor
    {
        try descriptorCall("openat", text) { directory.withRawValue { openat($0, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | flags) } }
    }

    /// The target of a symbolic link.
    static func target(of name: [CChar], in directory: OwnedFileDescriptor, _ text: String? = nil) throws(SystemError) -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: LayerPath.longestPath + 1)
        let count = try systemCall("readlinkat", text) { directory.withRawValue { readlinkat($0, name, &buffer, buffer.count) } }
        return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    }

    /// Whether nothing of the directories below is seen through this one.
    static func isOpaque(_ directory: OwnedFileDescriptor) -> Bool {
        var value: UInt8 = 0
        return directory.withRawValue { swl_fgetxattr($0, "trusted.overlay.opaque", &value, 1) } == 1 && value == UInt8(ascii: "y")
    }
}
