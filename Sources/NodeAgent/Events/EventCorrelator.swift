import KubeClient
import KubeModel
import PodCore
import Timing

/// Decides what the API server gets of the events that a node records, as client-go's `EventCorrelator` does: equal events are counted,
/// similar events combined, and an object that has too many events is silenced. Pure: the time comes with each event.
struct EventCorrelator: Sendable {
    enum Outcome: Sendable {
        case create(Event)
        /// An event of this name and one count less has been sent before.
        case update(Event)
        /// The object has used up its events. The event is counted, and seen when a later one of its series is sent.
        case drop
    }

    private struct Known: Sendable {
        let name: String
        let first: Timestamp
        var count: Int
    }

    private static let limit = 4096
    /// Events about one object that may come together, and seconds until it may have another.
    private static let burst = 25
    private static let refillSeconds = 300.0
    /// Characters of the object's name in the event's.
    private static let subjectLimit = 210

    private let source: EventSource
    private var aggregator = EventAggregator(limit: Self.limit)
    private var known = RecentCache<EventKey.Series, Known>(limit: Self.limit)
    private var budgets = RecentCache<EventKey.Object, TokenBucket>(limit: Self.limit)
    /// Makes the names of events of one moment differ.
    private var created = 0

    init(source: EventSource) {
        self.source = source
    }

    mutating func correlate(_ recorded: RecordedEvent) -> Outcome {
        let (series, message) = aggregator.series(of: recorded)
        let before = known.value(series)
        let entry = Known(
            name: before?.name ?? nextName(recorded), first: before?.first ?? recorded.moment.wall, count: (before?.count ?? 0) + 1)
        known.store(entry, for: series)
        guard takeFromBudget(recorded) else { return .drop }
        let event = Event(
            metadata: ObjectMeta(name: entry.name, namespace: recorded.namespace), involvedObject: recorded.object,
            type: recorded.record.kind.rawValue,
            reason: recorded.record.reason, message: message, source: source, firstTimestamp: entry.first, lastTimestamp: recorded.moment.wall,
            count: entry.count)
        return entry.count == 1 ? .create(event) : .update(event)
    }

    private mutating func takeFromBudget(_ recorded: RecordedEvent) -> Bool {
        let key = EventKey.Object(recorded)
        let now = recorded.moment.monotonic
        var budget = budgets.value(key) ?? TokenBucket(rate: 1 / Self.refillSeconds, burst: Self.burst, now: now)
        defer { budgets.store(budget, for: key) }
        return budget.take(now: now)
    }

    /// Unique by the time in nanoseconds, like kubelet's names of events. The object's name alone may already have the greatest length.
    private mutating func nextName(_ recorded: RecordedEvent) -> String {
        let time = recorded.moment.wall
        let stamp = String(time.seconds * 1_000_000_000 + Int64(time.nanoseconds), radix: 16)
        var subject = (recorded.object.name ?? "").prefix(Self.subjectLimit)
        while subject.last == "-" || subject.last == "." { subject = subject.dropLast() }
        created += 1
        return "\(subject).\(stamp)-\(String(created, radix: 16))"
    }
}
