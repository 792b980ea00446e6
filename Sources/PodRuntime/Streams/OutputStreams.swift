import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// The agent's ends of what a program writes: its pipes, or its terminal. The pipes themselves are the only buffer.
final class OutputStreams: Sendable {
    /// The capacity of a pipe, in bytes.
    private static let chunk = 64 << 10

    private struct Ends {
        var output: OwnedFileDescriptor?
        var error: OwnedFileDescriptor?
        /// The one that is looked at first, so that neither stream starves the other.
        var errorFirst = false

        var isOpen: Bool { output != nil || error != nil }
    }

    private let ends: Mutex<Ends>
    private let ready: ReadinessSet

    /// Takes the ends over.
    init(output: OwnedFileDescriptor?, error: OwnedFileDescriptor?) throws(SystemError) {
        for end in [output, error].compactMap({ $0 }) { try Pipe.makeNonBlocking(end) }
        ends = Mutex(Ends(output: output, error: error))
        ready = try ReadinessSet([output, error].compactMap { $0 })
    }

    /// The next bytes; `nil` when all ends are closed, or nothing is there and the program has ended.
    /// - Parameter hasEnded: asked before the pipes are: what the program wrote before its end is in them then. A process that it left
    ///   behind and that holds them open is not waited for.
    func read(_ hasEnded: () -> Bool) async throws(RuntimeFailure) -> StreamOutput? {
        while true {
            let ended = hasEnded()
            if let output = try next() { return output }
            if ended || !ends.withLock({ $0.isOpen }) {
                close()
                return nil
            }
            do {
                try await ready.wait()
            } catch {
                throw RuntimeFailure(translating: error, during: "read the output of a program", .internal)
            }
        }
    }

    /// Reads without waiting. Under the lock, as `close` may come at any time and the number of a closed descriptor is soon another's.
    private func next() throws(RuntimeFailure) -> StreamOutput? {
        try ends.withLock { (ends) throws(RuntimeFailure) -> StreamOutput? in
            ends.errorFirst.toggle()
            for isError in [ends.errorFirst, !ends.errorFirst] {
                guard let descriptor = isError ? ends.error : ends.output else { continue }
                do throws(SystemError) {
                    let bytes = try descriptor.read(upTo: Self.chunk)
                    if !bytes.isEmpty { return isError ? .stderr(bytes) : .stdout(bytes) }
                } catch {
                    if error.is(EAGAIN) { continue }
                    // EIO: no process has the terminal open any more.
                    guard error.is(EIO) else { throw RuntimeFailure(.internal, "the output of a program cannot be read: \(error)") }
                }
                ready.remove(descriptor)
                descriptor.close()
                if isError { ends.error = nil } else { ends.output = nil }
            }
            return nil
        }
    }

    /// Sets the size of the terminal that these streams are.
    func resize(_ size: TerminalSize) throws(SystemError) {
        try ends.withLock { (ends) throws(SystemError) in
            guard let terminal = ends.output else { return }
            try TerminalWindow(columns: size.columns, rows: size.rows).apply(to: terminal)
        }
    }

    /// Wakes the reader, now and every time from now on.
    func interrupt() { ready.interrupt() }

    /// The reader, if there is one, sees the end.
    func close() {
        ends.withLock { ends in
            for descriptor in [ends.output, ends.error].compactMap({ $0 }) {
                ready.remove(descriptor)
                descriptor.close()
            }
            ends.output = nil
            ends.error = nil
        }
        ready.interrupt()
    }
}
