import Glibc

/// The identity and version of a file: it changes when the file is replaced or written. A missing file has a stamp too.
struct FileStamp: Sendable, Hashable {
    private let device: UInt64
    private let number: UInt64
    private let size: Int64
    private let seconds: Int
    private let nanoseconds: Int

    var isPresent: Bool { number != 0 }

    /// Follows symbolic links: certificates are replaced behind them.
    init(path: String) {
        var status = stat()
        if stat(path, &status) != 0 { status = stat() }
        device = UInt64(status.st_dev)
        number = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_mtim.tv_sec
        nanoseconds = status.st_mtim.tv_nsec
    }
}
