/// The names of block devices by their numbers.
package enum BlockDevices {
    /// Returns the path of a block device, such as `/dev/sda`; `nil` for any other device number, as overlays, tmpfs and network file systems have.
    package static func path(major: UInt32, minor: UInt32) -> String? {
        guard let text = try? SmallFile.text("/sys/dev/block/\(major):\(minor)/uevent") else { return nil }
        return text.split(separator: "\n").first { $0.hasPrefix("DEVNAME=") }.map { "/dev/" + $0.dropFirst(8) }
    }
}
