import KubeModel
import PodCore
import Timing

/// Finds events that differ only by their message and come so often that one event stands for them (`EventAggregator` of client-go).
struct EventAggregator: Sendable {
    private struct Group: Sendable {
        var messages = FewDigests()
        /// Wall clock, in seconds since 1970.
        var last: Int64
    }

    static let prefix = "(combined from similar events): "
    /// Seconds after which a group without events is forgotten.
    private static let interval: Int64 = 600

    private var groups: RecentCache<EventDigest, Group>

    init(limit: Int) {
        groups = RecentCache(limit: limit)
    }

    /// Returns the series that the event belongs to, and the message that the series shows.
    mutating func series(of event: RecordedEvent) -> (series: EventKey.Series, message: String) {
        let similar = EventKey.Similar(event)
        let message = event.record.message
        let now = event.moment.wall.seconds
        let key = EventDigest(similar)
        var group = groups.value(key) ?? Group(last: now)
        if now - group.last > Self.interval { group.messages = FewDigests() }
        group.last = now
        let isSeparate = group.messages.insert(EventDigest(message))
        groups.store(group, for: key)
        return isSeparate
            ? (.equal(similar, fieldPath: event.object.fieldPath, message: message), message) : (.similar(similar), Self.prefix + message)
    }
}
