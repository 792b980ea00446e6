import FoundationEssentials
import HTTPTypes
package import HTTPUpgrade
import KubeModel
package import Logging
import NIOCore
import NIOHTTP1
import NIOWebSocket
package import PodCore

/// Decides about a request for exec or attach and connects the client with the program.
package struct StreamUpgrade: Sendable {
    private let lookup: ContainerLookup
    private let runtime: any ContainerRuntime
    private let idleTimeout: TimeAmount
    private let logger: Logger

    /// kubelet's own default.
    package static let defaultIdleTimeout = Duration.seconds(4 * 3600)

    /// - Parameter idleTimeout: after so long without a byte in either direction the connection is ended.
    package init(
        view: any NodeView, runtime: any ContainerRuntime, idleTimeout: Duration = StreamUpgrade.defaultIdleTimeout, logger: Logger
    ) {
        self.lookup = ContainerLookup(view: view)
        self.runtime = runtime
        self.idleTimeout = TimeAmount(idleTimeout)
        self.logger = logger
    }

    /// Faults of the request are reported before faults of its protocol: kubectl falls back from WebSocket to SPDY
    /// when it is refused, and shows the answer to the second attempt.
    package func decide(
        _ kind: EndpointPath.StreamKind, _ request: UpgradeRequest, address: EndpointPath.PodAddress, target: RequestTarget
    ) async -> UpgradeDecision {
        do throws(Refusal) {
            try StreamSubject.check(kind, target)
            let location = try await lookup.forStream(address)
            guard request.asks(for: "websocket") else {
                throw Refusal(
                    .badRequest,
                    "unable to upgrade: found \(request.protocols.joined(separator: ", ")), this node speaks \(kind) over WebSocket only "
                        + "(\(StreamProtocol.names)); use kubectl 1.31 or newer and an API server that knows ExtendWebSocketsToKubelet\n")
            }
            let offers = request.head.headers["sec-websocket-protocol"]
            guard let version = StreamProtocol.negotiate(offers: offers) else {
                throw Refusal(
                    .badRequest, "requested protocol(s) are not supported: \(offers.joined(separator: ", ")); supports \(StreamProtocol.names)\n")
            }
            let headers = try WebSocketHandshake.accept(request.head, subprotocol: version.rawValue)
            let conversation = StreamConversation(
                runtime: runtime, subject: try StreamSubject(kind, location, target), version: version, logger: logger)
            return .takeOver(takeover(headers: headers, conversation))
        } catch {
            return .refuse(Self.statusRefusal(error))
        }
    }

    /// A `metav1.Status`: kubectl reads a refusal as YAML first, and a sentence with a colon in it as a status that says nothing.
    private static func statusRefusal(_ refusal: Refusal) -> UpgradeRefusal {
        let plain = UpgradeRefusal(refusal)
        var message = String(buffer: plain.body)
        while message.last == "\n" { message.removeLast() }
        let code = Int(plain.status.code)
        let reason = code == 404 ? "NotFound" : code < 500 ? "BadRequest" : "InternalError"
        let status = Status(status: "Failure", message: message, reason: reason, code: code)
        guard let body = try? JSONEncoder().encode(status) else { return plain }
        return UpgradeRefusal(status: plain.status, headers: ["Content-Type": "application/json"], body: ByteBuffer(bytes: body))
    }

    private func takeover(headers: HTTPHeaders, _ conversation: StreamConversation) -> UpgradeTakeover {
        UpgradeTakeover(headers: headers) { [idleTimeout] channel in
            let farewell = channel.eventLoop.makePromise(of: Void.self)
            try channel.pipeline.syncOperations.addHandlers([
                IdleStateHandler(allTimeout: idleTimeout),
                WebSocketFrameEncoder(),
                ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: MessageAssembler.longestMessage)),
                WebSocketProtocolErrorHandler(),
                ControlFrameResponder(farewell: farewell),
            ])
            let connection = try NIOAsyncChannel<WebSocketFrame, WebSocketFrame>(
                wrappingChannelSynchronously: channel,
                // Frames may be large, so few of them wait.
                configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
            return { await conversation.run(connection, farewell: farewell.futureResult) }
        }
    }
}

extension UpgradeRefusal {
    /// The same answer before an upgrade as after none.
    init(_ refusal: Refusal) {
        let answer = refusal.answer
        var headers: HTTPHeaders = ["Content-Type": answer.contentType]
        for field in answer.headers { headers.add(name: field.name.rawName, value: field.value) }
        let body: ByteBuffer
        switch answer.body {
        case .bytes(let bytes): body = bytes
        case .log: body = ByteBuffer()
        }
        self.init(
            status: HTTPResponseStatus(statusCode: answer.status.code, reasonPhrase: answer.status.reasonPhrase), headers: headers, body: body)
    }
}
