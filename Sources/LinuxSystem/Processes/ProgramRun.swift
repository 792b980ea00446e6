import Glibc

/// A program that has run to its end, or was killed at its deadline: for calls that may never come back.
package struct ProgramRun: Sendable {
    /// How long a killed program may take to end. One that the kernel does not let go is left behind, and reaped when it ends.
    private static let killPatience = Duration.seconds(2)

    /// `nil` for a program that was killed.
    package let status: ExitStatus?
    /// The text that the program has written to its standard output and error, without blanks around it.
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
            let output = try Pipe()
            try Pipe.makeNonBlocking(output.readEnd)
            let request = ChildProcess.Request(
                executable: executable, arguments: arguments, environment: environment, directory: "/",
                descriptors: [nil, output.writeEnd, output.writeEnd])
            // The agent's own writing end is closed with the last reference.
            return (try ChildProcess(request), output.readEnd)
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

    private static func trimmed(_ bytes: [UInt8]) -> String {
        let isBlank = { (byte: UInt8) in byte <= UInt8(ascii: " ") }
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(decoding: bytes[first...last], as: UTF8.self)
    }
}
