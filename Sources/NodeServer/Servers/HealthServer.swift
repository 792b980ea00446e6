import HTTPTypes
import HummingbirdCore
package import Logging
package import NIOCore
package import PodCore
import ServiceLifecycle

/// Plain HTTP with `/healthz` and nothing else, for a watchdog on the same machine (127.0.0.1:10248).
package struct HealthServer: ServiceLifecycle.Service {
    private let address: ListenAddress
    private let view: any NodeView
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress?) async -> Void

    package init(
        address: ListenAddress = .tcp(host: "127.0.0.1", port: 10248), view: any NodeView, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }
    ) {
        self.address = address
        self.view = view
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown. Throws ``NodeServerError`` when it cannot listen.
    package func run() async throws {
        let server = ListeningServer(
            name: "health endpoint", address: address, builder: .http1(configuration: .init(idleTimeout: .seconds(90))), logger: logger,
            answer: { request, _ in
                guard let target = RequestTarget(uri: request.uri.string), case .health(let check) = EndpointPath(target.segments) else {
                    return .notFound
                }
                guard request.method == .get || request.method == .head else { return .methodNotAllowed("GET, HEAD") }
                let checks = await view.health()
                guard let check else { return HealthAnswer.all(checks, target: target) }
                return HealthAnswer.one(check, of: checks)
            },
            onListening: { await onListening($0.localAddress) })
        try await server.run()
    }
}
