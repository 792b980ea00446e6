package import CoreMetrics
import HTTPTypes
import HummingbirdCore
package import Logging
import MetricsStore
package import NIOCore
import ServiceLifecycle
package import Timing

/// Plain HTTP with the Service proxy's `/healthz` and `/livez` (0.0.0.0:10256). An address in use does not end the agent: it is tried again.
package struct ProxyHealthServer: ServiceLifecycle.Service {
    private let address: ListenAddress
    private let health: @Sendable () -> ProxyHealth
    private let metrics: any MetricsFactory
    private let time: any TimeSource
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress?) async -> Void

    package init(
        address: ListenAddress = .tcp(host: "0.0.0.0", port: 10256), metrics: any MetricsFactory = NOOPMetricsHandler.instance,
        time: any TimeSource, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }, health: @escaping @Sendable () -> ProxyHealth
    ) {
        self.address = address
        self.metrics = metrics
        self.time = time
        self.logger = logger
        self.onListening = onListening
        self.health = health
    }

    /// Serves until graceful shutdown.
    package func run() async throws {
        let server = PersistentServer(name: "proxy's health endpoint", address: address, time: time, logger: logger, onListening: onListening) {
            request in
            guard let target = RequestTarget(uri: request.uri.string) else { return .text(.badRequest, "400 Bad Request\n") }
            switch target.segments {
            case ["healthz"]: return counted(.proxyHealthz, health().healthz(at: time.wallTime()))
            case ["livez"]: return counted(.proxyLivez, health().livez(at: time.wallTime()))
            default: return .notFound
            }
        }
        await server.run { logger.warning("The proxy's health is not served; trying again", metadata: ["error": "\($0)"]) }
        try await gracefulShutdown()
    }

    private func counted(_ family: MetricFamily, _ answer: HTTPAnswer) -> HTTPAnswer {
        metrics.count(family, String(answer.status.code))
        return answer
    }
}
