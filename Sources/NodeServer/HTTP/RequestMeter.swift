package import CoreMetrics
import HTTPUpgrade
import MetricsStore
package import Timing

/// Counts the requests of the node's endpoint, as kubelet does: by method and the path's first segment, each from a fixed list.
package struct RequestMeter: Sendable {
    /// A request under way.
    struct Sample: Sendable {
        let method: String
        let path: String
        let isLong: Bool
        let began: Duration
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"]
    private static let paths: Set<String> = [
        "healthz", "pods", "runningpods", "configz", "stats", "metrics", "logs", "containerLogs", "run", "exec", "attach", "portForward",
        "checkpoint",
        "debug", "statusz", "flagz", "ui",
    ]
    private static let long: Set<String> = ["exec", "attach", "portForward", "debug"]
    /// No unauthenticated port is served.
    private static let server = "readwrite"

    private let metrics: any MetricsFactory
    private let time: any TimeSource

    package init(_ metrics: any MetricsFactory, time: any TimeSource) {
        self.metrics = metrics
        self.time = time
    }

    /// - Parameter uri: of any client, whatever it holds.
    func begin(method: String, uri: String) -> Sample {
        let root = String(uri.drop { $0 == "/" }.prefix { $0 != "/" && $0 != "?" })
        let path = Self.paths.contains(root) ? root : "Invalid path"
        let sample = Sample(
            method: Self.methods.contains(method) ? method : "Invalid method", path: path, isLong: Self.long.contains(path), began: time.now())
        metrics.count(.httpRequests, "\(sample.isLong)", sample.method, sample.path, Self.server)
        metrics.change(.httpInflight, "\(sample.isLong)", sample.method, sample.path, Self.server, by: 1)
        return sample
    }

    func end(_ sample: Sample) {
        metrics.change(.httpInflight, "\(sample.isLong)", sample.method, sample.path, Self.server, by: -1)
        metrics.observe(
            .httpRequestsDuration, "\(sample.isLong)", sample.method, sample.path, Self.server, duration: time.now() - sample.began)
    }

    /// Counts a request that leaves HTTP, until its conversation is over. One that stays is counted where it is answered.
    func metered(_ decision: UpgradeDecision, method: String, uri: String) -> UpgradeDecision {
        guard case .takeOver(var takeover) = decision else {
            if case .refuse = decision { end(begin(method: method, uri: uri)) }
            return decision
        }
        let start = takeover.start
        takeover.start = { channel in
            let sample = begin(method: method, uri: uri)
            let run: @Sendable () async -> Void
            do {
                run = try start(channel)
            } catch {
                end(sample)
                throw error
            }
            return {
                await run()
                end(sample)
            }
        }
        return .takeOver(takeover)
    }
}
