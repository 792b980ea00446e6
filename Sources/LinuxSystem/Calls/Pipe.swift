import Glibc

/// A pipe. Both ends are close-on-exec; starting a child duplicates the child's end.
package struct Pipe: Sendable {
    package let readEnd: OwnedFileDescriptor
    package let writeEnd: OwnedFileDescriptor

    package init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        // Not atomic, since Swift's Glibc lacks pipe2; children of this process get only the descriptors that are named (`ChildProcess`).
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
