/// Happenings outside the agent, by time.
struct Agenda {
    typealias Entry = @Sendable () -> Void

    private var entries: [(time: Duration, number: Int, entry: Entry)] = []
    private var count = 0

    var next: Duration? { entries.last?.time }

    mutating func add(at time: Duration, _ entry: @escaping Entry) {
        count += 1
        // Latest first, so that the next one is taken from the end.
        let index = entries.firstIndex { $0.time <= time } ?? entries.endIndex
        entries.insert((time, count, entry), at: index)
    }

    /// Takes the next entry if its time has come.
    mutating func takeDue(at now: Duration) -> Entry? {
        guard let last = entries.last, last.time <= now else { return nil }
        return entries.removeLast().entry
    }
}
