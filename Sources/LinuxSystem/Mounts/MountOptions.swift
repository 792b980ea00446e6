import CLinux

/// Mount options as people write them (`ro`, `noatime`, `size=1m`), taken apart into what the kernel wants.
package struct MountOptions: Sendable, Hashable {
    private struct Flag {
        /// MS_* of mount(2).
        let bits: UInt64
        /// MOUNT_ATTR_* of mount_setattr(2); `nil` for a flag of the file system, not of one mount.
        var attribute: UInt64?
        var clears = false
    }

    private static let accessTime: UInt64 = 0x70  // MOUNT_ATTR__ATIME
    private static let flags: [String: Flag] = [
        "defaults": Flag(bits: 0, attribute: 0), "rw": Flag(bits: SWL_MS_RDONLY, attribute: SWL_MS_RDONLY, clears: true),
        "ro": Flag(bits: SWL_MS_RDONLY, attribute: SWL_MS_RDONLY), "nosuid": Flag(bits: SWL_MS_NOSUID, attribute: SWL_MS_NOSUID),
        "nodev": Flag(bits: SWL_MS_NODEV, attribute: SWL_MS_NODEV), "noexec": Flag(bits: SWL_MS_NOEXEC, attribute: SWL_MS_NOEXEC),
        "suid": Flag(bits: SWL_MS_NOSUID, attribute: SWL_MS_NOSUID, clears: true),
        "dev": Flag(bits: SWL_MS_NODEV, attribute: SWL_MS_NODEV, clears: true),
        "exec": Flag(bits: SWL_MS_NOEXEC, attribute: SWL_MS_NOEXEC, clears: true),
        "sync": Flag(bits: 16), "dirsync": Flag(bits: 128), "lazytime": Flag(bits: 1 << 25),
        "noatime": Flag(bits: 1024, attribute: 0x10), "nodiratime": Flag(bits: 2048, attribute: 0x80),
        "relatime": Flag(bits: 1 << 21, attribute: 0), "strictatime": Flag(bits: 1 << 24, attribute: 0x20),
    ]
    private static let kindsOfAccessTime: Set<String> = ["noatime", "relatime", "strictatime"]

    /// MS_* of mount(2).
    package private(set) var mountFlags: UInt64 = 0
    /// Attributes to set and to clear on a single mount (`Mounts.setAttributes`).
    package private(set) var attributes: Mounts.Flags = []
    package private(set) var clearedAttributes: Mounts.Flags = []
    /// Options for the file system itself.
    package private(set) var data: [String] = []
    /// Options that a single mount, such as a bind mount, cannot have.
    package private(set) var ofFileSystem: [String] = []

    /// A later option wins.
    package init(_ options: [String]) {
        for option in options.flatMap({ $0.split(separator: ",").map(String.init) }) {
            guard let flag = Self.flags[option] else {
                data.append(option)
                ofFileSystem.append(option)
                continue
            }
            mountFlags = flag.clears ? mountFlags & ~flag.bits : mountFlags | flag.bits
            guard let attribute = flag.attribute.map(Mounts.Flags.init(rawValue:)) else {
                ofFileSystem.append(option)
                continue
            }
            if Self.kindsOfAccessTime.contains(option) {
                attributes.subtract(Mounts.Flags(rawValue: Self.accessTime))
                clearedAttributes.insert(Mounts.Flags(rawValue: Self.accessTime))
            }
            if flag.clears { attributes.subtract(attribute) } else { attributes.insert(attribute) }
        }
    }
}
