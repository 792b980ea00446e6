import PodCore
import Synchronization

/// A program that follows a script, with bounded pipes like a real one.
final class ScriptedSession: ContainerStreams {
    enum Script: Sendable {
        /// stdin comes back on stdout; at its end the program exits with this code.
        case echo(exitCode: Int)
        /// Writes so many bytes to stdout and one line to stderr, then exits.
        case write(count: Int, exitCode: Int)
        /// Does nothing until it is ended.
        case hang
    }

    private struct State {
        var pending: [StreamOutput] = []
        var isOver = false
        var inputWasClosed = false
        var wasTerminated = false
        var sizes: [TerminalSize] = []
        var left: Int
        var reader: CheckedContinuation<Void, Never>?
        var produced = 0
        var received = 0
    }

    private static let piece = 32 << 10

    private let script: Script
    private let state: Mutex<State>

    init(_ script: Script) {
        self.script = script
        var left = 0
        var pending: [StreamOutput] = []
        if case .write(let count, _) = script {
            left = count
            pending = [.stderr(Array("begin\n".utf8))]
        }
        state = Mutex(State(pending: pending, left: left))
    }

    var produced: Int { state.withLock { $0.produced } }
    var received: Int { state.withLock { $0.received } }
    var wasTerminated: Bool { state.withLock { $0.wasTerminated } }
    var sizes: [TerminalSize] { state.withLock { $0.sizes } }
    var inputWasClosed: Bool { state.withLock { $0.inputWasClosed } }

    func read() async throws(RuntimeFailure) -> StreamOutput? {
        while true {
            enum Step {
                case output(StreamOutput)
                case end, wait
            }
            let step = state.withLock { state -> Step in
                if state.wasTerminated { return .end }
                if !state.pending.isEmpty { return .output(state.pending.removeFirst()) }
                if state.left > 0 {
                    let count = min(Self.piece, state.left)
                    state.left -= count
                    state.produced += count
                    return .output(.stdout([UInt8](repeating: 0x61, count: count)))
                }
                if case .write = script { return .end }
                return state.isOver ? .end : .wait
            }
            switch step {
            case .output(let output): return output
            case .end: return nil
            case .wait:
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state -> Bool in
                        if state.isOver || state.wasTerminated || !state.pending.isEmpty { return true }
                        state.reader = continuation
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            }
        }
    }

    func write(_ bytes: [UInt8]) async throws(RuntimeFailure) {
        change { state in
            state.received += bytes.count
            if case .echo = script { state.pending.append(.stdout(bytes)) }
        }
    }

    func closeInput() async {
        change { state in
            state.inputWasClosed = true
            if case .echo = script { state.isOver = true }
        }
    }

    func resize(_ size: TerminalSize) async throws(RuntimeFailure) {
        change { $0.sizes.append(size) }
    }

    func exitCode() async throws(RuntimeFailure) -> Int {
        switch script {
        case .echo(let code), .write(_, let code): code
        case .hang: 137
        }
    }

    func terminate() async {
        change { $0.wasTerminated = true }
    }

    private func change(_ body: (inout sending State) -> Void) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}
