import Glibc

/// One run of a program that answers, such as a credential plugin: a request on its standard input, an answer on its standard output.
package struct ProgramExchange: Sendable {
    private let executable: String
    private let arguments: [String]
    private let environment: [String]
    private let timeout: Duration

    /// - Parameters:
    ///   - executable: an absolute path.
    ///   - arguments: without the program's name.
    ///   - environment: `NAME=value`
    package init(executable: String, arguments: [String], environment: [String], timeout: Duration) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.timeout = timeout
    }

    private static let longestAnswer = 1 << 20
    private static let longestComplaint = 64 << 10

    /// A pipe takes so much without a reader.
    private static let longestRequest = 32 << 10

    private struct Started: Sendable {
        let child: ChildProcess
        let output: OwnedFileDescriptor
        let errors: OwnedFileDescriptor
    }

    /// How a run ended, and what the program has said.
    package struct End: Sendable {
        package let status: ExitStatus
        /// The whole of its standard output.
        package let output: [UInt8]
        /// The beginning of its standard error, as one line.
        package let complaint: String
    }

    /// Returns the answer of a run that ended with success. Throws what the program has complained about, and `.timedOut`.
    package func answer(to request: [UInt8], pool: BlockingPool) async throws -> [UInt8] {
        let end = try await run(request, pool: pool)
        guard end.status.isSuccess else {
            throw SystemError(
                code: .malformed, call: "run", path: executable,
                detail: "ended with \(end.status)" + (end.complaint.isEmpty ? "" : ": \(end.complaint)"))
        }
        return end.output
    }

    /// Runs the program to its end, however it ends. Throws `.timedOut`, and `.tooLarge` for an answer beyond the limit.
    package func run(_ request: [UInt8], pool: BlockingPool) async throws -> End {
        let started = try await pool.run("start \(executable)") { try start(request) }
        return try await withThrowingTaskGroup(of: (isOutput: Bool, bytes: [UInt8]).self) { group in
            group.addTask { (true, try await Self.collect(started.output, limit: Self.longestAnswer)) }
            group.addTask { (false, try await Self.collect(started.errors, limit: Self.longestComplaint)) }
            let status: ExitStatus
            do {
                status = try await started.child.exitStatus(timeout: timeout)
            } catch {
                // Its whole session. The child has not been reaped, so the number is still its own.
                _ = kill(-started.child.pid, SIGKILL)
                _ = await Task { try? await started.child.exitStatus() }.value
                group.cancelAll()
                if Task.isCancelled { throw CancellationError() }
                throw SystemError(code: .timedOut, call: "wait for", path: executable, detail: "not done after \(timeout)")
            }
            // A process that it has left behind may keep the pipes open: what the program itself wrote is in them by now.
            group.cancelAll()
            var output: [UInt8] = []
            var errors: [UInt8] = []
            for try await part in group {
                if part.isOutput { output = part.bytes } else { errors = part.bytes }
            }
            guard output.count < Self.longestAnswer else {
                throw SystemError(code: .tooLarge, call: "read", path: executable, detail: "an answer of \(Self.longestAnswer) bytes or more")
            }
            return End(status: status, output: output, complaint: Self.line(errors))
        }
    }

    /// The beginning of what a program has written, as one line.
    private static func line(_ bytes: [UInt8]) -> String {
        let text = String(decoding: bytes.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
        return String(String.UnicodeScalarView(text.unicodeScalars.filter { $0.value >= 32 && $0.value != 127 }))
    }

    private func start(_ request: [UInt8]) throws -> Started {
        guard request.count <= Self.longestRequest else {
            throw SystemError(code: .tooLarge, call: "run", path: executable, detail: "a request of \(request.count) bytes")
        }
        let (input, output, errors) = (try Pipe(), try Pipe(), try Pipe())
        try input.writeEnd.writeAll(request)
        input.writeEnd.close()
        for end in [output.readEnd, errors.readEnd] { try Pipe.makeNonBlocking(end) }
        let child = try ChildProcess(
            ChildProcess.Request(
                executable: executable, arguments: [executable] + arguments, environment: environment, directory: "/",
                descriptors: [input.readEnd, output.writeEnd, errors.writeEnd]))
        for end in [input.readEnd, output.writeEnd, errors.writeEnd] { end.close() }
        return Started(child: child, output: output.readEnd, errors: errors.readEnd)
    }

    /// Reads to the end, or to what is there when the task is cancelled. Drops what goes beyond the limit, so that the writer never waits.
    private static func collect(_ source: OwnedFileDescriptor, limit: Int) async throws -> [UInt8] {
        let loop = try ReadinessLoop.shared()
        var bytes: [UInt8] = []
        var isLast = false
        var total = 0
        while true {
            do throws(SystemError) {
                while true {
                    let part = try source.read(upTo: 64 << 10)
                    if part.isEmpty { return bytes }
                    bytes += part.prefix(limit - bytes.count)
                    total += part.count
                    if isLast, total > limit { return bytes }
                }
            } catch {
                guard error.is(EAGAIN) else { throw error }
            }
            if isLast { return bytes }
            do {
                try await loop.wait(for: source)
            } catch is CancellationError {
                isLast = true
            }
        }
    }
}
