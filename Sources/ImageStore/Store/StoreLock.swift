import Glibc
import LinuxSystem

/// The claim of one process on the store (flock), which ends with the process.
struct StoreLock: Sendable {
    private let file: OwnedFileDescriptor

    /// - Throws: `.inUse` when another process has the store.
    init(_ layout: StoreLayout) throws {
        try Directories.make(layout.root, mode: 0o700)
        let file = try OwnedFileDescriptor.open(layout.lock, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        do throws(SystemError) {
            try systemCall("flock", layout.lock) { file.withRawValue { flock($0, LOCK_EX | LOCK_NB) } }
        } catch {
            guard error.is(EAGAIN) else { throw error }
            throw ImageStoreError(.inUse, "open", layout.root, "another process uses this image store; is swiftlet running?")
        }
        self.file = file
    }

    func release() { file.close() }
}
