// Whole-module builds take `timespec` and `stat` from there.
import CArchive
import CLinux
import Glibc
import LinuxSystem

/// A digest over the names, kinds, owners, modes, sizes, times, devices and link targets of everything in a layer's directory. The same files give the
/// same digest on every file system; their content is not read.
enum LayerSeal {
    /// Blocking, for about a second with a hundred thousand files.
    static func of(_ directory: String) throws(SystemError) -> ContentDigest {
        var hasher = ContentHasher()
        try add(.open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), to: &hasher)
        return hasher.digest()
    }

    private static func add(_ directory: OwnedFileDescriptor, to hasher: inout ContentHasher) throws(SystemError) {
        for name in try DirectoryListing.entries(of: directory).sorted() {
            let status = try LayerEntries.status(of: name.cString, in: directory, name.description)
            let kind = status.st_mode & S_IFMT
            // The size of a directory depends on the file system.
            let size = kind == S_IFREG ? Int(status.st_size) : 0
            let device = kind == S_IFCHR || kind == S_IFBLK ? Int(status.st_rdev) : 0
            // A whiteout has no time of its own: it is made when the layer is unpacked.
            let time = kind == S_IFCHR && device == 0 ? timespec() : status.st_mtim
            var line = name.bytes + [0]
            let numbers = [
                Int(status.st_mode), Int(status.st_uid), Int(status.st_gid), size, device, time.tv_sec, time.tv_nsec,
            ]
            for number in numbers { withUnsafeBytes(of: Int64(number).littleEndian) { line += $0 } }
            if kind == S_IFLNK { line += try LayerEntries.target(of: name.cString, in: directory, name.description) }
            line.withUnsafeBytes { hasher.update($0) }
            guard kind == S_IFDIR else { continue }
            try add(LayerEntries.open(name.cString, in: directory, O_DIRECTORY, name.description), to: &hasher)
            [UInt8(ascii: "/")].withUnsafeBytes { hasher.update($0) }
        }
    }
}
