import Glibc
import LinuxSystem

/// Writing to a pipe whose reader may be gone.
enum PipeWriter {
    /// One `write`. A pipe without a reader is an error (EPIPE) and nothing more: the signal that comes with it is taken back, so that
    /// the process need not ignore SIGPIPE for everybody (children would inherit that).
    /// - Returns: how many bytes were taken.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: OwnedFileDescriptor) throws(SystemError) -> Int {
        var pipe = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let result = Result { () throws(SystemError) -> Int in
            try systemCall("write") {
                bytes.withUnsafeBytes { buffer in descriptor.withRawValue { Glibc.write($0, buffer.baseAddress, buffer.count) } }
            }
        }
        if case .failure(let error) = result, error.is(EPIPE), sigismember(&before, SIGPIPE) == 0 {
            // Pending for this thread alone, and gone before the mask is set back.
            var none = timespec()
            sigtimedwait(&pipe, nil, &none)
        }
        return try result.get()
    }
}
