package import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1

/// HTTP/1.1 for Hummingbird whose connections may leave HTTP with their first request.
///
/// Clients open a connection of its own for every upgrade (so do kubectl, client-go, browsers and the API server). A later
/// request of a kept-alive connection that asks for an upgrade is answered with status 400, and the connection ends.
package struct UpgradableHTTP1Channel: ServerChildChannel {
    package let http: HTTP1Channel
    package let hook: UpgradeHook
    /// How long the first request's head may take.
    package let headTimeout: TimeAmount

    package init(http: HTTP1Channel, headTimeout: TimeAmount = .seconds(30), hook: @escaping UpgradeHook) {
        self.http = HTTP1Channel(responder: LateUpgrade.refused(before: http.responder), configuration: http.configuration)
        self.headTimeout = headTimeout
        self.hook = hook
    }

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<UpgradableConnection> {
        channel.eventLoop.makeCompletedFuture {
            let outcome = channel.eventLoop.makePromise(of: UpgradableConnection.Outcome.self)
            let gate = UpgradeGate(http: http, hook: hook, headTimeout: headTimeout, logger: logger, outcome: outcome)
            do {
                try channel.pipeline.syncOperations.addHandler(gate)
            } catch {
                outcome.fail(error)
                throw error
            }
            return UpgradableConnection(channel: channel, outcome: outcome.futureResult)
        }
    }

    package func handle(value: UpgradableConnection, logger: Logger) async {
        let outcome: UpgradableConnection.Outcome
        do {
            outcome = try await withTaskCancellationHandler {
                try await value.outcome.get()
            } onCancel: {
                value.channel.close(promise: nil)
            }
        } catch {
            logger.trace("Connection ended before a request was read", metadata: ["error": "\(error)"])
            value.channel.close(promise: nil)
            return
        }
        switch outcome {
        case .http(let channel):
            await http.handle(value: channel, logger: logger)
        case .takenOver(let run):
            await run()
            value.channel.close(promise: nil)
        case .refused:
            try? await value.channel.closeFuture.get()
        }
    }
}

/// A connection whose first request decides what it is.
package struct UpgradableConnection: ServerChildChannelValue {
    enum Outcome: Sendable {
        case http(HTTP1Channel.Value)
        case takenOver(@Sendable () async -> Void)
        case refused
    }

    package let channel: any Channel
    let outcome: EventLoopFuture<Outcome>
}

extension HTTPServerBuilder {
    /// HTTP/1.1 with an upgrade hook; wrap it in `.tls(_:configuration:)` for HTTPS.
    package static func http1Upgradable(
        configuration: HTTP1Channel.Configuration = .init(),
        hook: @escaping UpgradeHook
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            UpgradableHTTP1Channel(http: HTTP1Channel(responder: responder, configuration: configuration), hook: hook)
        }
    }
}
