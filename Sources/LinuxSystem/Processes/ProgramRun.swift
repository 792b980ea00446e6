import Glibc

/// A program that has run to its end, or was killed at its deadline: for calls that may never come back.
package struct ProgramRun: Sendable {
    /// How long a killed program may take to end. One that the kernel does not let go is left behind, and reaped when it ends.
    private static let killPatience = Duration.seconds(2)

    /// `nil` for a program that was killed.
    package let status: ExitStatus?
    /// What the program has written to its standard output and error, without blanks around it.
    package let output: String

    /// Runs a program in a session of its own and waits for it. A cancelled task kills it.
    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - arguments: with the program's name as first element.
    ///   - outputLimit: bytes; the pipe takes at most 64 KiB, so a program that writes more waits there until it is killed.
    package static func run(
        _ executable: String, _ arguments: [String], environment: [String] = [], deadline: Duration, outputLimit: Int = 4096, pool: BlockingPool
    ) async throws -> ProgramRun {
        let (child, reader) = try await pool.run("start \(executable)") {
            let (reader, writer) = try pipe()
            let request = ChildProcess.Request(
                executable: executable, arguments: arguments, environment: environment, directory: "/", descriptors: [nil, writer, writer])
            // The agent's own writing end is closed with the last reference.
            return (try ChildProcess(request), reader)
        }
        var status: ExitStatus?
        do {
            status = try await child.exitStatus(timeout: deadline)
        } catch let error as SystemError where error.code == .timedOut {
            try? child.signal(SIGKILL)
            _ = try? await child.exitStatus(timeout: killPatience)
        }
        // Without waiting for the end of the file: a daemon that the program has started may hold the other end.
        let bytes = (try? reader.read(upTo: outputLimit)) ?? []
        return ProgramRun(status: status, output: trimmed(bytes))
    }

    /// The reading end never blocks.
    private static func pipe() throws(SystemError) -> (reader: OwnedFileDescriptor, writer: OwnedFileDescriptor) {
        var ends: [Int32] = [-1, -1]
        // Not atomic, since Swift's Glibc lacks pipe2; children get only the descriptors that are named.
        try systemCall("pipe") { Glibc.pipe(&ends) }
        let (reader, writer) = (OwnedFileDescriptor(ends[0]), OwnedFileDescriptor(ends[1]))
        for end in [reader, writer] { try systemCall("fcntl F_SETFD") { end.withRawValue { fcntl($0, F_SETFD, FD_CLOEXEC) } } }
        try systemCall("fcntl F_SETFL") { reader.withRawValue { fcntl($0, F_SETFL, O_NONBLOCK) } }
        return (reader, writer)
    }

    private static func trimmed(_ bytes: [UInt8]) -> String {
        let isBlank = { (byte: UInt8) in byte <= UInt8(ascii: " ") }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
