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
        var taker: CheckedContinuation<[UInt8]?, Never>?
        var putter: CheckedContinuation<Void, Never>?
        var onAbort: (@Sendable () -> Void)?
    }

    private let total: ForwardTotal
    private let state = Mutex(State())

    init(_ total: ForwardTotal) { self.total = total }

    deinit { total.release(state.withLock { $0.bytes }) }

    /// Bytes that the program has not taken.
    var heldBytes: Int { state.withLock { $0.bytes } }

    var isAborted: Bool { state.withLock { $0.phase == .aborted } }

    /// Everything has been taken, and more is wanted.
    var isWaitedFor: Bool { state.withLock { $0.taker != nil } }

    /// Puts a piece without waiting; returns false when there is no room.
    func offer(_ piece: [UInt8]) -> Bool {
        let (isTaken, taker) = state.withLock { state -> (Bool, CheckedContinuation<[UInt8]?, Never>?) in
            if state.phase != .open || state.isRefusing || piece.isEmpty { return (true, nil) }
            if let taker = state.taker {
                state.taker = nil
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
    /// - Parameter giveUp: called each time that nothing was taken of any connection for so long; it may abort one.
    func put(_ piece: [UInt8], on eventLoop: any EventLoop, stall: TimeAmount, giveUp: @escaping @Sendable () -> Void) async {
        if offer(piece) { return }
        let mark = Mutex(total.releases)
        let watch = eventLoop.scheduleRepeatedTask(initialDelay: stall, delay: stall) { [total] _ in
            let now = total.releases
            let isStalled = mark.withLock { last in
                defer { last = now }
                return last == now
            }
            if isStalled { giveUp() }
        }
        total.whenReleased { [weak self] in self?.wakePutter() }
        defer {
            total.whenReleased(nil)
            watch.cancel()
        }
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
            let (piece, isOver) = state.withLock { state -> ([UInt8]?, Bool) in
                if state.phase != .aborted, !state.queue.isEmpty {
                    let piece = state.queue.removeFirst()
                    state.bytes -= Self.room(piece)
                    return (piece, false)
                }
                if state.phase != .open {
                    state.isDrained = true
                    return (nil, true)
                }
                state.taker = continuation
                return (nil, false)
            }
            if let piece { total.release(Self.room(piece)) }
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
        let dropped = state.withLock { state -> Int in
            state.isRefusing = true
            return Self.drop(&state)
        }
        total.release(dropped)
        wakePutter()
    }

    private func wakePutter() {
        let putter = state.withLock { state in
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
        let (taker, dropped, onAbort) = state.withLock { state -> (CheckedContinuation<[UInt8]?, Never>?, Int, (@Sendable () -> Void)?) in
            guard state.phase == .open || phase == .aborted && state.phase == .ended else { return (nil, 0, nil) }
            state.phase = phase
            let dropped = phase == .aborted ? Self.drop(&state) : 0
            let waiting = (state.taker, dropped, phase == .aborted ? state.onAbort : nil)
            state.taker = nil
            if phase == .aborted { state.onAbort = nil }
            return waiting
        }
        total.release(dropped)
        taker?.resume(returning: nil)
        wakePutter()
        onAbort?()
    }

    /// Returns the bytes to release once the lock is free.
    private static func drop(_ state: inout State) -> Int {
        defer { state.bytes = 0 }
        state.queue = []
        return state.bytes
    }

    /// A piece of one byte takes much more than a byte.
    static func room(_ piece: [UInt8]) -> Int { piece.count + 64 }

    /// A single piece always finds room. Beyond that a connection may fill the room of all: the client's connection has one order of bytes, so the
    /// others, and those that are still to be opened, would wait behind it.
    private func hasRoom(_ bytes: Int) -> Bool { bytes == 0 || !total.isFull }
}
