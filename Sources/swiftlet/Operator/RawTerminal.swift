import Glibc
import LinuxSystem
import PodCore
import UnixSignals

/// The operator's own terminal while a program in a container uses it: every key goes to the program, Ctrl-C too.
struct RawTerminal: Sendable {
    private let descriptor: OwnedFileDescriptor
    private let before: termios

    /// Throws if standard input is not a terminal.
    init() throws {
        guard isatty(STDIN_FILENO) == 1 else {
            throw CommandFailure("standard input is no terminal: run the command without -t")
        }
        descriptor = try .open("/dev/tty", O_RDWR | O_NOCTTY)
        var settings = termios()
        tcgetattr(descriptor.rawValue, &settings)
        before = settings
        cfmakeraw(&settings)
        tcsetattr(descriptor.rawValue, TCSANOW, &settings)
    }

    /// Restores the settings from before. Every way out has to call it.
    func restore() {
        var settings = before
        _ = descriptor.withRawValue { tcsetattr($0, TCSADRAIN, &settings) }
    }

    /// Returns the size now and after each change; the stream never ends by itself.
    func sizes() async -> AsyncStream<TerminalSize> {
        let signals = await UnixSignalsSequence(trapping: .sigwinch)
        let (sizes, sink) = AsyncStream<TerminalSize>.makeStream(bufferingPolicy: .bufferingNewest(1))
        tell(sink)
        let task = Task {
            for await _ in signals { tell(sink) }
        }
        sink.onTermination = { _ in task.cancel() }
        return sizes
    }

    private func tell(_ sink: AsyncStream<TerminalSize>.Continuation) {
        guard let window = try? TerminalWindow(of: descriptor) else { return }
        sink.yield(TerminalSize(columns: window.columns, rows: window.rows))
    }
}
