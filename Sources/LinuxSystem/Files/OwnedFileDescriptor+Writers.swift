import CLinux
import Glibc

extension OwnedFileDescriptor {
    /// Whether some process has this file open for writing. The descriptor is one for reading.
    ///
    /// The kernel refuses a read lease (fcntl `F_SETLEASE`) on such a file. False where a file system has no leases.
    package var hasWriter: Bool {
        withRawValue { number in
            // Opening the file in this moment breaks the lease with a signal: SIGURG is ignored, the default SIGIO would end this process.
            guard swl_set_signal(number, SIGURG) == 0 else { return false }
            guard swl_set_lease(number, SWL_F_RDLCK) == 0 else { return errno == EAGAIN }
            _ = swl_set_lease(number, SWL_F_UNLCK)
            return false
        }
    }
}
