import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Synchronization

/// The caller's own streams while a program in the foreground has a terminal: keys go there, Ctrl-C too, and what it writes comes here.
final class OCITerminal: Sendable {
    private struct State {
        var master: OwnedFileDescriptor?
        var before: termios?
        var isEnding = false
    }

    private let state = Mutex(State())
    private let outputEnded = Promise<Void>()

    /// Connects the streams with the program's terminal, raw and of the same size where standard input is one itself.
    func begin(_ master: OwnedFileDescriptor) throws(SystemError) {
        state.withLock { state in
            state.master = master
            guard isatty(STDIN_FILENO) == 1 else { return }
            var settings = termios()
            guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
            state.before = settings
            cfmakeraw(&settings)
            tcsetattr(STDIN_FILENO, TCSANOW, &settings)
        }
        resize()
        do {
            try DedicatedThread.start(name: "terminal output") { [self] in
                copyOutput(from: master)
                outputEnded.fulfil(())
            }
            // Blocked in a read when the program ends, and gone with the process.
            try DedicatedThread.start(name: "terminal input") { copyInput(to: master) }
        } catch {
            restore()
            outputEnded.fulfil(())
            throw error
        }
    }

    /// The size of the caller's terminal; `nil` without one.
    var window: TerminalWindow? {
        guard let own = try? OwnStreams.inherited(STDIN_FILENO) else { return nil }
        return try? TerminalWindow(of: own)
    }

    /// The program's terminal gets the size of the caller's.
    func resize() {
        guard let master = state.withLock({ $0.master }) else { return }
        try? window?.apply(to: master)
    }

    /// After the program's end: what it has written last is passed on, then the caller's terminal is as before.
    func finish() async {
        let began = state.withLock { state in
            state.isEnding = true
            return state.master != nil
        }
        if began { await outputEnded.value() }
        restore()
    }

    private func restore() {
        guard var before = state.withLock({ $0.before.take() }) else { return }
        tcsetattr(STDIN_FILENO, TCSADRAIN, &before)
    }

    /// To the end of the terminal, which processes left in the background may put off: then to where nothing more comes.
    private func copyOutput(from master: OwnedFileDescriptor) {
        while true {
            var wait = pollfd(fd: -1, events: Int16(POLLIN), revents: 0)
            let ready = master.withRawValue { number in
                wait.fd = number
                return poll(&wait, 1, 50)
            }
            if ready < 0, errno == EINTR { continue }
            if ready == 0 {
                if state.withLock({ $0.isEnding }) { return }
                continue
            }
            // EIO is the end of a terminal.
            guard ready > 0, let bytes = try? master.read(upTo: 16384), !bytes.isEmpty, write(bytes, to: STDOUT_FILENO) else { return }
        }
    }
}

private func copyInput(to master: OwnedFileDescriptor) {
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = read(STDIN_FILENO, &buffer, buffer.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0, master.withRawValue({ write(Array(buffer[..<count]), to: $0) }) else { return }
    }
}

private func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 {
            if errno == EINTR { continue }
            return false
        }
        rest = rest.dropFirst(count)
    }
    return true
}
