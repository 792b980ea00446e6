import HTTPTypes
package import HTTPUpgrade
package import Logging
import NIOCore
import NIOHTTP1
package import PodCore

/// Decides about a request for exec or attach and connects the client with the program.
package struct StreamUpgrade: Sendable {
    private let lookup: ContainerLookup
    private let runtime: any ContainerRuntime
    private let times: StreamTimes
    private let logger: Logger

    package init(view: any NodeView, runtime: any ContainerRuntime, times: StreamTimes = StreamTimes(), logger: Logger) {
        self.lookup = ContainerLookup(view: view)
        self.runtime = runtime
        self.times = times
        self.logger = logger
    }

    /// Faults of the request are reported before faults of its protocol: kubectl falls back from WebSocket to SPDY
    /// when it is refused, and shows the answer to the second attempt.
    package func decide(
        _ kind: EndpointPath.StreamKind, _ request: UpgradeRequest, address: EndpointPath.PodAddress, target: RequestTarget
    ) async -> UpgradeDecision {
        do throws(Refusal) {
            let options = try StreamSubject.options(kind, target)
            let location = try await lookup.forStream(address)
            let conversation = StreamConversation(
                runtime: runtime, subject: try StreamSubject(kind, location, target), sizePatience: times.firstSize, logger: logger)
            if request.asks(for: "websocket") { return .takeOver(try webSocket(request.head, conversation)) }
            if request.asks(for: SPDYHandshake.token) { return .takeOver(try spdy(request.head, options, conversation)) }
            throw Refusal(
                .badRequest,
                "unable to upgrade: found \(request.protocols.joined(separator: ", ")), this node speaks \(kind) over \(SPDYHandshake.token) and "
                    + "websocket\n")
        } catch {
            return .refuse(.status(error))
        }
    }

    private func webSocket(_ head: HTTPRequestHead, _ conversation: StreamConversation) throws(Refusal) -> UpgradeTakeover {
        let offers = head.headers["sec-websocket-protocol"]
        guard let version = StreamProtocol.negotiate(offers: offers) else {
            throw Refusal(
                .badRequest, "requested protocol(s) are not supported: \(offers.joined(separator: ", ")); supports \(StreamProtocol.names)\n")
        }
        let headers = try WebSocketHandshake.accept(head, subprotocol: version.rawValue)
        return UpgradeTakeover(headers: headers) { [times, logger] channel in
            try channel.pipeline.syncOperations.addHandler(IdleStateHandler(allTimeout: times.idle))
            let farewell = try WebSocketChannel.addHandlers(to: channel)
            let connection = try WebSocketChannel.wrap(channel)
            return {
                do {
                    try await connection.executeThenClose { inbound, outbound in
                        await conversation.run(WebSocketLink(inbound, outbound, channel, version, farewell: farewell))
                    }
                } catch {
                    logger.debug("Stream connection was not closed in order", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    private func spdy(
        _ head: HTTPRequestHead, _ options: StreamOptions, _ conversation: StreamConversation
    ) throws(Refusal) -> UpgradeTakeover {
        let name = try SPDYHandshake.negotiate(head, supported: CommandProtocol.allCases.map(\.rawValue))
        guard let version = CommandProtocol(rawValue: name) else { throw Refusal(.internalServerError, "the protocol \(name) is not known\n") }
        return UpgradeTakeover(headers: SPDYHandshake.accept(name)) { [times, logger] channel in
            try channel.pipeline.syncOperations.addHandlers([IdleStateHandler(allTimeout: times.idle), CloseOnIdle()])
            let connection = try SPDYChannel.wrap(channel)
            return {
                do {
                    try await connection.executeThenClose { inbound, outbound in
                        let link = SPDYLink(inbound, outbound, channel, options, version)
                        do {
                            guard try await link.open(within: times.creation) else { return }
                            await conversation.run(link)
                        } catch {
                            logger.debug("Stream client broke off", metadata: ["reason": "\(error)"])
                            link.close(after: error)
                        }
                    }
                } catch {
                    logger.debug("Stream connection was not closed in order", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
