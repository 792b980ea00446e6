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
        let first: Timestamp
        /// Makes the names of events of one moment differ.
        let number: Int
        var count = 0
    }

    private static let limit = 4096
    /// Events about one object that may come together, and seconds until it may have another.
    private static let burst = 25
    private static let refillSeconds = 300.0
    /// Characters of the object's name in the event's.
    private static let subjectLimit = 210

    private let source: EventSource
    private var aggregator = EventAggregator(limit: Self.limit)
    private var known = RecentCache<EventDigest, Known>(limit: Self.limit)
    private var budgets = RecentCache<EventDigest, TokenBucket>(limit: Self.limit)
    private var created = 0

    init(source: EventSource) {
        self.source = source
    }

    mutating func correlate(_ recorded: RecordedEvent) -> Outcome {
        let (series, message) = aggregator.series(of: recorded)
        let key = EventDigest(series)
        var entry = known.value(key) ?? begin(recorded)
        entry.count += 1
        known.store(entry, for: key)
        guard takeFromBudget(recorded) else { return .drop }
        let event = Event(
            metadata: ObjectMeta(name: Self.name(entry, recorded.object), namespace: recorded.namespace), involvedObject: recorded.object,
            type: recorded.record.kind.rawValue,
            reason: recorded.record.reason, message: message, source: source, firstTimestamp: entry.first, lastTimestamp: recorded.moment.wall,
            count: entry.count)
        return entry.count == 1 ? .create(event) : .update(event)
    }

    private mutating func takeFromBudget(_ recorded: RecordedEvent) -> Bool {
        let key = EventDigest(EventKey.Object(recorded))
        let now = recorded.moment.monotonic
        var budget = budgets.value(key) ?? TokenBucket(rate: 1 / Self.refillSeconds, burst: Self.burst, now: now)
        defer { budgets.store(budget, for: key) }
        return budget.take(now: now)
    }

    private mutating func begin(_ recorded: RecordedEvent) -> Known {
        created += 1
        return Known(first: recorded.moment.wall, number: created)
    }

    /// Unique by the first event's time in nanoseconds, like kubelet's names of events. The object's name alone may already have the greatest length.
    private static func name(_ known: Known, _ object: ObjectReference) -> String {
        let stamp = String(known.first.seconds * 1_000_000_000 + Int64(known.first.nanoseconds), radix: 16)
        var subject = (object.name ?? "").prefix(subjectLimit)
        while subject.last == "-" || subject.last == "." { subject = subject.dropLast() }
        return "\(subject).\(stamp)-\(String(known.number, radix: 16))"
    }
}
