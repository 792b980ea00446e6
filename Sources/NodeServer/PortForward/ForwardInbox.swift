import NIOCore
import Synchronization

/// The bytes that a client has sent over one connection of a forward and the program has not taken yet. One task puts, one takes.
final class ForwardInbox: Sendable {
    private enum Phase { case open, ended, aborted }

    private struct State {
        var queue: [[UInt8]] = []
        var bytes = 0
        var phase = Phase.open
        /// Nothing is taken any more: what comes is dropped.
        var isRefusing = false
        /// The taker has been told the end.
        var isDrained = false
        var pieces = 0
        var piecesAtMark = 0
        var taker: CheckedContinuation<[UInt8]?, Never>?
        var putter: CheckedContinuation<Void, Never>?
        var onAbort: (@Sendable () -> Void)?
    }

    private let total: ForwardTotal
    private let state = Mutex(State())

    init(_ total: ForwardTotal) { self.total = total }

    deinit { total.add(-state.withLock { $0.bytes }) }

    var isAborted: Bool { state.withLock { $0.phase == .aborted } }

    /// Everything has been taken, and more is wanted.
    var isWaitedFor: Bool { state.withLock { $0.taker != nil } }

    /// Puts a piece without waiting; returns false when there is no room.
    func offer(_ piece: [UInt8]) -> Bool {
        let (isTaken, taker) = state.withLock { state -> (Bool, CheckedContinuation<[UInt8]?, Never>?) in
            if state.phase != .open || state.isRefusing || piece.isEmpty { return (true, nil) }
            if let taker = state.taker {
                state.taker = nil
                state.pieces += 1
                return (true, taker)
            }
            guard hasRoom(state.bytes) else { return (false, nil) }
            state.queue.append(piece)
            state.bytes += Self.room(piece)
            total.add(Self.room(piece))
            return (true, nil)
        }
        taker?.resume(returning: piece)
        return isTaken
    }

    /// Puts a piece and waits for room where there is none.
    /// - Parameter giveUp: called each time that nothing was taken for so long; it may abort this inbox.
    func put(_ piece: [UInt8], on eventLoop: any EventLoop, stall: TimeAmount, giveUp: @escaping @Sendable () -> Void) async {
        if offer(piece) { return }
        mark()
        let watch = eventLoop.scheduleRepeatedTask(initialDelay: stall, delay: stall) { [self] _ in
            if isStalled() { giveUp() }
        }
        defer { watch.cancel() }
        repeat {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state -> Bool in
                    if state.phase != .open || state.isRefusing || hasRoom(state.bytes) { return true }
                    state.putter = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } while !offer(piece)
    }

    /// The next piece; `nil` at the client's end, and after ``abort()``.
    func take() async -> [UInt8]? {
        await withCheckedContinuation { continuation in
            let (piece, isOver, putter) = state.withLock { state -> ([UInt8]?, Bool, CheckedContinuation<Void, Never>?) in
                if state.phase != .aborted, !state.queue.isEmpty {
                    let piece = state.queue.removeFirst()
                    state.bytes -= Self.room(piece)
                    state.pieces += 1
                    total.add(-Self.room(piece))
                    defer { state.putter = nil }
                    return (piece, false, state.putter)
                }
                if state.phase != .open {
                    state.isDrained = true
                    return (nil, true, nil)
                }
                state.taker = continuation
                return (nil, false, nil)
            }
            putter?.resume()
            if piece != nil || isOver { continuation.resume(returning: piece) }
        }
    }

    /// The client sends nothing more; what is there can still be taken.
    func end() { finish(.ended) }

    /// The client has left: what it has sent can still be taken. Where the program has taken all of it, the connection is over.
    func leave() {
        let isDelivered = state.withLock { $0.taker != nil || $0.isDrained || $0.isRefusing }
        if isDelivered { abort() } else { end() }
    }

    /// The connection is over: what is there is dropped.
    func abort() { finish(.aborted) }

    /// Drops what is there and what comes: the program takes no more, but may still send.
    func refuse() {
        let putter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.isRefusing = true
            drop(&state)
            defer { state.putter = nil }
            return state.putter
        }
        putter?.resume()
    }

    /// Calls `body` once when the inbox is aborted, which may be now.
    func whenAborted(_ body: @escaping @Sendable () -> Void) {
        let isAborted = state.withLock { state -> Bool in
            if state.phase != .aborted { state.onAbort = body }
            return state.phase == .aborted
        }
        if isAborted { body() }
    }

    private func finish(_ phase: Phase) {
        let (taker, putter, onAbort) = state.withLock {
            state -> (CheckedContinuation<[UInt8]?, Never>?, CheckedContinuation<Void, Never>?, (@Sendable () -> Void)?) in
            guard state.phase == .open || phase == .aborted && state.phase == .ended else { return (nil, nil, nil) }
            state.phase = phase
            if phase == .aborted { drop(&state) }
            let waiting = (state.taker, state.putter, phase == .aborted ? state.onAbort : nil)
            state.taker = nil
            state.putter = nil
            if phase == .aborted { state.onAbort = nil }
            return waiting
        }
        taker?.resume(returning: nil)
        putter?.resume()
        onAbort?()
    }

    private func drop(_ state: inout State) {
        total.add(-state.bytes)
        state.bytes = 0
        state.queue = []
    }

    /// A piece of one byte takes much more than a byte.
    static func room(_ piece: [UInt8]) -> Int { piece.count + 64 }

    /// A single piece always finds room. Beyond that a connection may fill the room of all: the client's connection has one order of bytes, so the
    /// others, and those that are still to be opened, would wait behind it.
    private func hasRoom(_ bytes: Int) -> Bool { bytes == 0 || !total.isFull }

    private func mark() { state.withLock { $0.piecesAtMark = $0.pieces } }

    private func isStalled() -> Bool {
        state.withLock { state in
            defer { state.piecesAtMark = state.pieces }
            return state.pieces == state.piecesAtMark
        }
    }
}
