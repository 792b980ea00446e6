import CoreMetrics
import KubeModel
import MetricsStore
import ProxyCore
import Timing

/// The sync under way: since when, of how much, and which changes of endpoints it brings to the node.
struct SyncMeter: Sendable {
    /// A change of endpoints, as the control plane has dated it.
    struct Trigger: Sendable {
        let family: String
        let time: Timestamp

        /// Returns `nil` for a slice without the annotation.
        init?(_ slice: EndpointSlice) {
            guard let time = slice.metadata.annotations?[EndpointSlice.changeTime].flatMap({ Timestamp(rfc3339: $0) }) else { return nil }
            self.time = time
            family = slice.addressType
        }
    }

    /// As kube-proxy names them. Both are in each transaction.
    static let families = ["IPv4", "IPv6"]
    /// The most changes that are timed of one sync.
    private static let mostTriggers = 1000

    private var began: Duration?
    private var isFull = false
    private var triggers: [Trigger] = []

    /// A sync that fails goes on with the next attempt, which may be a full one.
    mutating func begin(isFull: Bool, triggers: [Trigger], at now: Duration) {
        began = began ?? now
        self.isFull = isFull || self.isFull
        self.triggers += triggers.prefix(Self.mostTriggers - self.triggers.count)
    }

    mutating func end(at now: Moment, _ metrics: any MetricsFactory) {
        guard let began else { return }
        for family in Self.families {
            metrics.observe(.proxySync, family, duration: now.monotonic - began)
            metrics.observe(isFull ? .proxyFullSync : .proxyPartialSync, family, duration: now.monotonic - began)
        }
        for trigger in triggers where Self.families.contains(trigger.family) {
            metrics.observe(.proxyProgramming, trigger.family, seconds: max(0, now.wall.timeInterval(since: trigger.time)))
        }
        self = SyncMeter()
    }
}
