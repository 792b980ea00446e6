import HummingbirdCore
import Logging
import NIOCore
import Timing

/// A server that is worth less than the agent: while it cannot listen it tries again, until its task is cancelled or the agent shuts down.
struct PersistentServer: Sendable {
    /// The kernel does not tell when a port is free again.
    private static let pause = Duration.seconds(15)

    let name: String
    let address: ListenAddress
    let time: any TimeSource
    let logger: Logger
    var onListening: @Sendable (SocketAddress?) async -> Void = { _ in }
    let answer: @Sendable (Request) async -> HTTPAnswer

    /// - Parameter failed: called for the first of several failures alike.
    func run(failed: @Sendable (any Error) -> Void) async {
        var reported: String?
        while !Task.isCancelled {
            do {
                let server = ListeningServer(
                    name: name, address: address, builder: .http1(configuration: .init(idleTimeout: .seconds(90))), logger: logger,
                    answer: { [answer] request, _ in await answer(request) }, onListening: { [onListening] in await onListening($0.localAddress) })
                return try await server.run()
            } catch {
                if Task.isCancelled { return }
                if reported != "\(error)" { failed(error) }
                reported = "\(error)"
                do { try await time.sleep(for: Self.pause) } catch { return }
            }
        }
    }
}
