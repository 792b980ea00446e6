import HTTPTypes
import HummingbirdCore
package import Logging
package import NIOCore
import ServiceLifecycle
package import Timing

/// Plain HTTP with the Service proxy's `/metrics`, `/proxyMode` and `/healthz` (127.0.0.1:10249). An address in use does not end the agent: it is tried
/// again.
package struct ProxyMetricsServer: ServiceLifecycle.Service {
    private let address: ListenAddress
    private let metrics: @Sendable () async -> [UInt8]
    private let time: any TimeSource
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress?) async -> Void

    /// - Parameter metrics: returns Prometheus' text.
    package init(
        address: ListenAddress = .tcp(host: "127.0.0.1", port: 10249), time: any TimeSource, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }, metrics: @escaping @Sendable () async -> [UInt8]
    ) {
        self.address = address
        self.time = time
        self.logger = logger
        self.onListening = onListening
        self.metrics = metrics
    }

    /// Serves until graceful shutdown.
    package func run() async throws {
        let server = PersistentServer(name: "proxy's metrics endpoint", address: address, time: time, logger: logger, onListening: onListening) {
            request in
            guard let target = RequestTarget(uri: request.uri.string) else { return .text(.badRequest, "400 Bad Request\n") }
            guard request.method == .get || request.method == .head else { return .methodNotAllowed("GET, HEAD") }
            switch target.segments {
            case ["metrics"]: return .metrics(await metrics())
            case ["proxyMode"]: return .text(.ok, "nftables")
            case ["healthz"]: return .text(.ok, "ok")
            default: return .notFound
            }
        }
        await server.run { logger.warning("The proxy's metrics are not served; trying again", metadata: ["error": "\($0)"]) }
        try await gracefulShutdown()
    }
}
