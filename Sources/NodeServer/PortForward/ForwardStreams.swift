import NIOCore
import SPDY
import Synchronization

/// The state of one forward over SPDY, which its reader and its connections share.
final class ForwardStreams: Sendable {
    /// Connections of one client at once.
    private static let mostConnections = 1024

    private struct State {
        var table = ForwardTable(mostConnections: ForwardStreams.mostConnections)
        var inboxes: [UInt32: ForwardInbox] = [:]
        var timers: [String: Scheduled<Void>] = [:]
        var isOver = false
    }

    private let total = ForwardTotal()
    private let state = Mutex(State())

    func receive(_ frame: SPDYFrame) -> [ForwardTable.Action] { state.withLock { $0.table.receive(frame) } }

    func expire(_ requestID: String) -> [ForwardTable.Action] {
        state.withLock { state in
            state.timers[requestID] = nil
            return state.table.expire(requestID)
        }
    }

    func canSend(_ id: UInt32) -> Bool { state.withLock { $0.table.canSend(id) } }

    func endOutput(_ id: UInt32) -> Bool { state.withLock { $0.table.endOutput(id) } }

    func reset(_ id: UInt32) -> Bool { state.withLock { $0.table.reset(id) } }

    // MARK: Inboxes

    func open(data id: UInt32) {
        let inbox = ForwardInbox(total)
        let isOver = state.withLock { state in
            state.inboxes[id] = inbox
            return state.isOver
        }
        if isOver { inbox.abort() }
    }

    func inbox(_ id: UInt32) -> ForwardInbox? { state.withLock { $0.inboxes[id] } }

    /// The connection that holds most of what programs have not taken.
    var fullest: UInt32? { state.withLock { $0.inboxes }.max { $0.value.heldBytes < $1.value.heldBytes }?.key }

    /// Whether other connections wait behind this.
    var hasSeveral: Bool { state.withLock { $0.inboxes.count > 1 } }

    /// Wakes the connection, if there is one already, which then ends.
    func abort(data id: UInt32) {
        let inbox = state.withLock { state in
            state.table.forget(data: id)
            return state.inboxes.removeValue(forKey: id)
        }
        inbox?.abort()
    }

    func forget(data id: UInt32) {
        state.withLock { state in
            state.inboxes[id] = nil
            state.table.forget(data: id)
        }
    }

    /// The client has left: programs may take what it has sent before.
    func leaveAll() { for inbox in finish() { inbox.leave() } }

    /// Every connection is over.
    func abortAll() { for inbox in finish() { inbox.abort() } }

    private func finish() -> [ForwardInbox] {
        let (inboxes, timers) = state.withLock { state in
            defer { state.timers = [:] }
            state.isOver = true
            return (Array(state.inboxes.values), Array(state.timers.values))
        }
        for timer in timers { timer.cancel() }
        return inboxes
    }

    // MARK: Timers

    func set(_ timer: Scheduled<Void>, for requestID: String) { state.withLock { $0.timers[requestID] = timer } }

    func cancelTimer(for requestID: String) { state.withLock { $0.timers.removeValue(forKey: requestID) }?.cancel() }
}
