import Glibc
import LinuxSystem

/// The free space of the store's file system, which protects the node from layers of any size.
enum FreeSpace {
    private static let usualReserve: UInt64 = 1 << 30
    /// File names that stay free, where the file system counts them.
    private static let names: UInt64 = 1024

    /// Refuses to write `needed` more bytes when less than the reserve would be left. Blocking for a moment.
    /// - Parameter place: on the store's file system.
    static func check(_ place: OwnedFileDescriptor, needed: Int64 = 0, _ limits: ImageLimits) throws(ImageStoreError) {
        var raw = statvfs()
        do throws(SystemError) {
            try systemCall("fstatvfs") { place.withRawValue { fstatvfs($0, &raw) } }
        } catch {
            throw ImageStoreError(.store, "unpack", "the layer", "the free space of the image store cannot be read", cause: error)
        }
        let unit = UInt64(raw.f_frsize)
        let available = UInt64(raw.f_bavail) * unit
        let reserve = limits.freeBytes.map { UInt64(max(0, $0)) } ?? min(usualReserve, UInt64(raw.f_blocks) * unit / 20)
        let wanted = reserve + UInt64(max(0, needed))
        guard available >= wanted else {
            var error = ImageStoreError(
                .noRoom, "unpack", "the layer",
                "found \(available) bytes free in the image store, wanted at least \(wanted); remove images ('swiftlet images prune') or other files"
                    + " from its disk, or lower imageLimits.freeSpace of SwiftletConfiguration")
            error.freeBytes = Int64(clamping: wanted)
            throw error
        }
        guard raw.f_files == 0 || UInt64(raw.f_favail) >= names else {
            throw ImageStoreError(
                .noRoom, "unpack", "the layer",
                "found \(raw.f_favail) free inodes in the image store, wanted at least \(names); remove images ('swiftlet images prune') or other files"
            )
        }
    }
}
