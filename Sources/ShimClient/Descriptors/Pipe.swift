import Glibc
package import LinuxSystem

/// A pipe. Both ends are close-on-exec; the child's end is dup'ed by whoever starts it.
package struct Pipe: Sendable {
    package let readEnd: OwnedFileDescriptor
    package let writeEnd: OwnedFileDescriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // Not atomic, as pipe2 is not to be had; children of this process get no descriptor that is not named (`ChildProcess`).
        try systemCall("pipe") { pipe(&ends) }
        readEnd = OwnedFileDescriptor(ends[0])
        writeEnd = OwnedFileDescriptor(ends[1])
        for end in [readEnd, writeEnd] {
            try systemCall("fcntl F_SETFD") { end.withRawValue { fcntl($0, F_SETFD, FD_CLOEXEC) } }
        }
    }

    /// The agent's own end never blocks a thread. (The other end is a different open file and stays as it is.)
    package static func makeNonBlocking(_ end: OwnedFileDescriptor) throws(SystemError) {
        let flags = try systemCall("fcntl F_GETFL") { end.withRawValue { fcntl($0, F_GETFL) } }
        try systemCall("fcntl F_SETFL") { end.withRawValue { fcntl($0, F_SETFL, flags | O_NONBLOCK) } }
    }
}
