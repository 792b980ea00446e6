/// The calls of a pool that concern a path: one at a time for each path, so that a path that hangs holds one thread. A value under the pool's lock.
struct PathTurns<Call: AnyObject & Sendable>: Sendable {
    enum Answer: Sendable {
        case begin
        /// `leave` of the calls before it returns this call.
        case wait
        /// A call on the path has been given up and has not returned. Nanoseconds since 1970.
        case hangs(since: Int64)
    }

    private struct Turn: Sendable {
        let call: Call
        var waiting: [Call] = []
        var hangsSince: Int64?
    }

    private var turns: [String: Turn] = [:]
    /// How many calls wait for their turn.
    private(set) var waitingCount = 0

    mutating func enter(_ path: String, _ call: Call) -> Answer {
        guard let turn = turns[path] else {
            turns[path] = Turn(call: call)
            return .begin
        }
        if let since = turn.hangsSince { return .hangs(since: since) }
        turns[path]!.waiting.append(call)
        waitingCount += 1
        return .wait
    }

    /// Ends a call's turn. Returns the next call on the path, which begins now.
    mutating func leave(_ path: String, _ call: Call) -> Call? {
        guard var turn = turns.removeValue(forKey: path) else { return nil }
        guard turn.call === call, !turn.waiting.isEmpty else {
            if turn.call !== call { turns[path] = turn }
            return nil
        }
        let next = turn.waiting.removeFirst()
        waitingCount -= 1
        turns[path] = Turn(call: next, waiting: turn.waiting)
        return next
    }

    /// Notes that a call in its turn has been given up. Returns the calls that waited for it: their turn does not come.
    mutating func giveUp(_ path: String, _ call: Call, since: Int64) -> [Call] {
        guard let turn = turns[path], turn.call === call else { return [] }
        turns[path] = Turn(call: call, hangsSince: since)
        waitingCount -= turn.waiting.count
        return turn.waiting
    }

    /// Ends all turns. Returns the calls that waited.
    mutating func removeAll() -> [Call] {
        defer { self = PathTurns() }
        return turns.values.flatMap(\.waiting)
    }
}
