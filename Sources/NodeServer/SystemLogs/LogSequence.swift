import PodCore
import Synchronization

/// Logs and lines one after another. A log is opened when its turn comes, which closing the sequence ends as well.
final class LogSequence: LogSession {
    enum Part: Sendable {
        case text(String)
        case log(@Sendable () async -> Opened)
    }

    enum Opened: Sendable {
        case log(any LogSession)
        /// Says in its place why there is none.
        case text(String)
        /// More parts in its place.
        case parts([Part])
    }

    private struct State: Sendable {
        var parts: ArraySlice<Part>
        var current: (any LogSession)?
        var isClosed = false
    }

    private let state: Mutex<State>
    private let onClose: @Sendable () async -> Void

    /// - Parameter onClose: ends an opening that is under way.
    init(_ parts: [Part], onClose: @escaping @Sendable () async -> Void = {}) {
        state = Mutex(State(parts: parts[...]))
        self.onClose = onClose
    }

    func read() async throws(RuntimeFailure) -> [UInt8]? {
        while true {
            if let current = state.withLock({ $0.current }) {
                if let bytes = try await current.read() { return bytes }
                state.withLock { $0.current = nil }
                await current.close()
            }
            guard let part = state.withLock({ $0.isClosed ? nil : $0.parts.popFirst() }) else { return nil }
            switch part {
            case .text(let text): return Array(text.utf8)
            case .log(let open):
                switch await open() {
                case .text(let text): return Array(text.utf8)
                case .parts(let parts): state.withLock { $0.parts = parts + $0.parts }
                case .log(let session):
                    let isClosed = state.withLock { state in
                        if !state.isClosed { state.current = session }
                        return state.isClosed
                    }
                    if isClosed { await session.close() }
                }
            }
        }
    }

    func close() async {
        let current = state.withLock { state in
            state.isClosed = true
            defer { state.current = nil }
            return state.current
        }
        await current?.close()
        await onClose()
    }
}
