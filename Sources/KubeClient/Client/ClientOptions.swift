package import CoreMetrics
package import Logging
package import Timing

/// The settings of a client that the kubeconfig does not contain.
package struct ClientOptions: Sendable {
    /// The version in the user agent.
    package var version: String
    /// Calls a second in the long run.
    package var queriesPerSecond: Double
    package var burst: Int
    /// How long the API server may be silent on a connection of watches before it is asked for a sign of life. It has half of this time to answer.
    package var silence: Duration
    package var time: any TimeSource
    /// A number from 0 up to 1, for jitter.
    package var random: @Sendable () -> Double
    package var metrics: any MetricsFactory
    package var logger: Logger

    package init(
        version: String, queriesPerSecond: Double = 50, burst: Int = 100, silence: Duration = .seconds(30),
        time: any TimeSource = SystemTime(),
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) },
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) {
        self.version = version
        self.queriesPerSecond = queriesPerSecond
        self.burst = burst
        self.silence = silence
        self.time = time
        self.random = random
        self.metrics = metrics
        self.logger = logger
    }

    package var userAgent: String {
        #if arch(x86_64)
            let architecture = "amd64"
        #elseif arch(arm64)
            let architecture = "arm64"
        #else
            let architecture = "unknown"
        #endif
        return "swiftlet/\(version) (linux/\(architecture)) kubernetes/1.36"
    }
}
