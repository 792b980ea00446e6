import HTTPTypes
import HummingbirdCore
package import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
package import Timing

/// Plain HTTP at the ports of `ServiceHealth`, which come and go with Services.
package struct ServiceHealthServer<Checks: AsyncSequence & Sendable>: ServiceLifecycle.Service where Checks.Element == [ServiceHealth] {
    private let checks: Checks
    private let isProxyHealthy: @Sendable () -> Bool
    private let failed: @Sendable (ServiceHealth, any Error) -> Void
    private let time: any TimeSource
    private let logger: Logger
    private let current = Current()

    private final class Current: Sendable {
        let checks = Mutex<[ServiceHealth.Place: ServiceHealth]>([:])
    }

    /// - Parameters:
    ///   - checks: all ports, after each change.
    ///   - failed: called when a port cannot be listened on.
    package init(
        checks: Checks, time: any TimeSource, logger: Logger, isProxyHealthy: @escaping @Sendable () -> Bool,
        failed: @escaping @Sendable (ServiceHealth, any Error) -> Void
    ) {
        self.checks = checks
        self.time = time
        self.logger = logger
        self.isProxyHealthy = isProxyHealthy
        self.failed = failed
    }

    /// Serves until graceful shutdown.
    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            var running: [ServiceHealth.Place: AsyncStream<Void>.Continuation] = [:]
            for try await wanted in checks.cancelOnGracefulShutdown() {
                // Of two Services with one port, the first has it.
                let places = Dictionary(wanted.map { ($0.place, $0) }, uniquingKeysWith: { first, _ in first })
                current.checks.withLock { $0 = places }
                for place in running.keys where places[place] == nil { running.removeValue(forKey: place)?.finish() }
                for place in places.keys where running[place] == nil {
                    let (end, ending) = AsyncStream<Void>.makeStream()
                    running[place] = ending
                    group.addTask { await serve(place, until: end) }
                }
            }
            group.cancelAll()
        }
    }

    private func serve(_ place: ServiceHealth.Place, until end: AsyncStream<Void>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in end {} }
            group.addTask {
                let server = PersistentServer(
                    name: "health check of a Service", address: .tcp(host: place.address, port: place.port), time: time, logger: logger
                ) { _ in
                    guard let check = current.checks.withLock({ $0[place] }) else { return .notFound }
                    return check.answer(isProxyHealthy: isProxyHealthy())
                }
                await server.run { error in
                    if let check = current.checks.withLock({ $0[place] }) { failed(check, error) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
