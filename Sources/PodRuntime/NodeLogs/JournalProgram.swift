import Glibc
import LinuxSystem
import PodCore
import Synchronization

/// The output of `journalctl` while it runs. The pipe is the only buffer, so a slow reader slows the program.
final class JournalProgram: LogSession {
    private static let piece = 64 << 10

    private let executable: String
    private let child: ChildProcess
    private let output: OwnedFileDescriptor
    private let turn: JournalTurn
    private let hasSaidSo = Atomic(false)

    /// Blocking.
    init(_ executable: String, _ arguments: [String], environment: [String], turn: JournalTurn) throws(SystemError) {
        let pipe = try Pipe()
        try Pipe.makeNonBlocking(pipe.readEnd)
        child = try turn.start(
            ChildProcess.Request(
                executable: executable, arguments: [executable] + arguments, environment: environment, directory: "/",
                descriptors: [nil, pipe.writeEnd, pipe.writeEnd]))
        pipe.writeEnd.close()
        output = pipe.readEnd
        self.executable = executable
        self.turn = turn
    }

    /// The next bytes; `nil` at the output's end, and when the turn was ended. Throws `.timedOut` when it took too long.
    func next() async throws(RuntimeFailure) -> [UInt8]? {
        while try isRunning() {
            do throws(SystemError) {
                let bytes = try output.read(upTo: Self.piece)
                if !bytes.isEmpty { return bytes }
            } catch {
                guard error.is(EAGAIN) else {
                    turn.end(.ended)
                    throw RuntimeFailure(.internal, "read the journal: \(error)")
                }
                await waitForOutput()
                continue
            }
            // That of a program that was ended for its slowness is not the journal's.
            _ = try isRunning()
            return nil
        }
        return nil
    }

    private func isRunning() throws(RuntimeFailure) -> Bool {
        switch turn.phase {
        case .running: return true
        case .ended: return false
        case .late:
            throw RuntimeFailure(.timedOut, "the journal was not read to its end within \(turn.patience.components.seconds) seconds")
        }
    }

    private func waitForOutput() async {
        do {
            try await ReadinessLoop.shared().wait(for: output, timeout: max(.zero, turn.deadline - .now))
        } catch let error as SystemError where error.code == .timedOut {
            turn.end(.late)
        } catch {
            turn.end(.ended)
        }
    }

    /// How the program has ended, after its output's end. Throws where that was no success.
    /// - Parameter output: the end of what it has written.
    func checkEnd(_ output: [UInt8]) async throws(RuntimeFailure) {
        let problem: String
        do {
            let status = try await child.exitStatus(timeout: max(.zero, turn.deadline - .now))
            if status.isSuccess { return }
            let line = String(decoding: output.suffix(500), as: UTF8.self).split(whereSeparator: \.isNewline).last ?? ""
            problem = "\(executable) ended with \(status)" + (line.isEmpty ? "" : ": \(line)")
        } catch {
            problem = "wait for \(executable): \(error)"
        }
        _ = try isRunning()
        throw RuntimeFailure(.internal, problem)
    }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        do throws(RuntimeFailure) {
            if let bytes = try await next() { return bytes }
            if turn.phase == .running {
                // Reaped here: the next query may begin with the answer's end.
                _ = try? await child.exitStatus(timeout: .seconds(2))
            }
            turn.end(.ended)
            return nil
        } catch {
            guard error.code == .timedOut else { throw error }
            return hasSaidSo.exchange(true, ordering: .relaxed) ? nil : Array("\nerror: \(error.message)\n".utf8)
        }
    }

    /// Ends the program. A read that waits then comes to the output's end.
    func close() async { turn.end(.ended) }
}
