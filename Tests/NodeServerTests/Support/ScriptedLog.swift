import PodCore
import Synchronization

/// A log of some pieces; a follow then waits until it is closed.
final class ScriptedLog: LogSession {
    private struct State {
        var pieces: [[UInt8]]
        var isClosed = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let follows: Bool
    private let state: Mutex<State>

    init(_ pieces: [String], follows: Bool) {
        self.follows = follows
        state = Mutex(State(pieces: pieces.map { Array($0.utf8) }))
    }

    var isClosed: Bool { state.withLock { $0.isClosed } }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        if let piece = state.withLock({ $0.pieces.isEmpty ? nil : $0.pieces.removeFirst() }) { return piece }
        guard follows else { return nil }
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state -> Bool in
                if !state.isClosed { state.reader = continuation }
                return state.isClosed
            }
            if isClosed { continuation.resume() }
        }
        return nil
    }

    func close() async {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isClosed = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}
