import Glibc
import LinuxSystem
import PodCore
import Synchronization

/// The output of `journalctl` while it runs. The pipe is the only buffer, so a slow reader slows the program.
final class JournalProgram: LogSession {
    private static let piece = 64 << 10

    private let child: ChildProcess
    private let output: OwnedFileDescriptor
    private let patience: Duration
    private let deadline: ContinuousClock.Instant
    private let isOver = Mutex(false)
    private let permit: Permit

    /// Blocking.
    /// - Parameters:
    ///   - patience: after this long the program is ended and the output says so.
    ///   - permit: held while the program runs.
    init(_ executable: String, _ arguments: [String], environment: [String], patience: Duration, permit: Permit) throws(SystemError) {
        let pipe = try Pipe()
        try Pipe.makeNonBlocking(pipe.readEnd)
        child = try ChildProcess(
            ChildProcess.Request(
                executable: executable, arguments: [executable] + arguments, environment: environment, directory: "/",
                descriptors: [nil, pipe.writeEnd, pipe.writeEnd]))
        pipe.writeEnd.close()
        output = pipe.readEnd
        self.patience = patience
        self.permit = permit
        deadline = .now + patience
    }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        while !isOver.withLock({ $0 }) {
            do throws(SystemError) {
                let bytes = try output.read(upTo: Self.piece)
                guard bytes.isEmpty else { return bytes }
                await close()
                // Reaped here: the next query may begin with the answer's end.
                _ = try? await child.exitStatus(timeout: .seconds(2))
            } catch let error where error.is(EAGAIN) {
                do {
                    try await ReadinessLoop.shared().wait(for: output, timeout: max(.zero, deadline - .now))
                } catch let error as SystemError where error.code == .timedOut {
                    await close()
                    return Array("\nerror: the journal was not read to its end within \(patience.components.seconds) seconds\n".utf8)
                } catch {
                    await close()
                }
            } catch {
                await close()
                throw RuntimeFailure(.internal, "read the journal: \(error)")
            }
        }
        return nil
    }

    /// Ends the program. A read that waits then comes to the output's end.
    func close() async {
        let isFirst = isOver.withLock { isOver in
            defer { isOver = true }
            return !isOver
        }
        if isFirst { try? child.signal(SIGKILL) }
    }
}

/// One of a limited number of programs at once. Given back with the last reference.
final class Permit: Sendable {
    final class Pool: Sendable {
        private let left: Mutex<Int>

        init(_ count: Int) { left = Mutex(count) }

        /// Returns `nil` when all are taken.
        func take() -> Permit? {
            let isFree = left.withLock { left in
                guard left > 0 else { return false }
                left -= 1
                return true
            }
            return isFree ? Permit(self) : nil
        }

        fileprivate func giveBack() { left.withLock { $0 += 1 } }
    }

    private let pool: Pool

    private init(_ pool: Pool) { self.pool = pool }

    deinit { pool.giveBack() }
}
