import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Stands at the head of a fresh connection, collects the bytes of the first request's head and then steps aside: for the
/// HTTP handlers, which get the same bytes again, or for those of another protocol, which get the bytes after the head.
/// While a decision is being made nothing more is read from the socket.
final class UpgradeGate: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State { case readingHead, deciding, done }

    private let http: HTTP1Channel
    private let hook: UpgradeHook
    private let headTimeout: TimeAmount
    /// The limit of the HTTP decoder behind this handler.
    private let longestHead: Int
    private let logger: Logger
    private let outcome: EventLoopPromise<UpgradableConnection.Outcome>
    private var state = State.readingHead
    private var received = ByteBuffer()
    /// So many of the received bytes are known to hold no end of the head.
    private var searched = 0
    private var readIsHeldBack = false
    private var timer: Scheduled<Void>?

    init(
        http: HTTP1Channel, hook: @escaping UpgradeHook, headTimeout: TimeAmount, logger: Logger,
        outcome: EventLoopPromise<UpgradableConnection.Outcome>
    ) {
        self.http = http
        self.hook = hook
        self.headTimeout = headTimeout
        self.longestHead = http.configuration.httpDecoder.maxHeaderListSize
        self.logger = logger
        self.outcome = outcome
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let isolated = context.eventLoop.assumeIsolated()
        timer = isolated.scheduleTask(in: headTimeout) {
            self.giveUp(channel, UpgradeError(.headTooSlow, "no complete request head within \(self.headTimeout.nanoseconds / 1_000_000_000) s"))
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        if state != .done { giveUp(context.channel, UpgradeError(.connectionClosed, "the connection was closed")) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        giveUp(context.channel, UpgradeError(.connectionClosed, "the client closed the connection before its request was complete"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch state {
        case .done: context.fireErrorCaught(error)
        case .readingHead, .deciding: giveUp(context.channel, error)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (state, event) {
        case (.readingHead, ChannelEvent.inputClosed):
            giveUp(context.channel, UpgradeError(.connectionClosed, "the client sent no complete request"))
        case (.readingHead, is ChannelShouldQuiesceEvent):
            giveUp(context.channel, UpgradeError(.shuttingDown, "the server is stopping"))
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func read(context: ChannelHandlerContext) {
        if state == .deciding {
            readIsHeldBack = true
        } else {
            context.read()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state != .done else {
            context.fireChannelRead(data)
            return
        }
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        guard state == .readingHead else { return }
        guard let end = RequestHeadParser.endOfHead(in: received.readableBytesView.dropFirst(searched)).map({ $0 + searched }) else {
            // The empty line may have begun: its first three bytes are looked at again.
            searched = max(0, received.readableBytes - 3)
            if received.readableBytes > longestHead {
                refuse(context: context, UpgradeRefusal(status: .requestHeaderFieldsTooLarge, text: "request head over \(longestHead) bytes"))
            }
            return
        }
        timer?.cancel()
        guard let (head, protocols) = RequestHeadParser.upgradeHead(received.readableBytesView.prefix(end)) else {
            becomeHTTP(context: context)
            return
        }
        decide(context: context, head: head, protocols: protocols, headLength: end)
    }

    private func decide(context: ChannelHandlerContext, head: HTTPRequestHead, protocols: [String], headLength: Int) {
        state = .deciding
        let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        let request = UpgradeRequest(head: head, protocols: protocols, peerCertificate: tls?.peerCertificate, channel: context.channel)
        let decision = context.eventLoop.makePromise(of: UpgradeDecision.self)
        decision.completeWithTask { [hook] in try await hook(request) }
        decision.futureResult.assumeIsolated().whenComplete { result in
            guard self.state == .deciding else { return }  // the client left meanwhile
            switch result {
            case .success(.serveAsHTTP):
                // With the `Upgrade` header left in, NIO's decoder would wait for another protocol after this request.
                var plain = ByteBuffer(string: "\(head.method.rawValue) \(head.uri) HTTP/1.1\r\n")
                for (name, value) in head.headers where name.lowercased() != "upgrade" { plain.writeString("\(name): \(value)\r\n") }
                plain.writeString("\r\n")
                self.received.moveReaderIndex(forwardBy: headLength)
                plain.writeBuffer(&self.received)
                self.received = plain
                self.becomeHTTP(context: context)
            case .success(.refuse(let refusal)):
                self.refuse(context: context, refusal)
            case .success(.takeOver(let takeover)):
                self.received.moveReaderIndex(forwardBy: headLength)
                self.takeOver(context: context, takeover, protocols: protocols)
            case .failure(let error):
                self.logger.debug("Upgrade failed", metadata: ["uri": "\(head.uri)", "error": "\(error)"])
                self.refuse(context: context, UpgradeRefusal(status: .internalServerError, text: "\(error)"))
            }
        }
    }

    private func becomeHTTP(context: ChannelHandlerContext) {
        state = .done
        http.setup(channel: context.channel, logger: logger).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let value):
                self.outcome.succeed(.http(value))
                self.stepAside(context: context)
            case .failure(let error):
                self.outcome.fail(error)
                context.close(promise: nil)
            }
        }
    }

    private func takeOver(context: ChannelHandlerContext, _ takeover: UpgradeTakeover, protocols: [String]) {
        state = .done
        var headers = takeover.headers
        if !headers.contains(name: "connection") { headers.add(name: "Connection", value: "Upgrade") }
        if !headers.contains(name: "upgrade"), let first = protocols.first { headers.add(name: "Upgrade", value: first) }
        do {
            try context.pipeline.syncOperations.addHandler(CloseOnQuiesce(), position: .after(self))
            let run = try takeover.start(context.channel)
            context.writeAndFlush(wrapOutboundOut(ResponseHeadWriter.head(.switchingProtocols, headers)), promise: nil)
            outcome.succeed(.takenOver(run))
            stepAside(context: context)
        } catch {
            outcome.fail(error)
            context.close(promise: nil)
        }
    }

    private func refuse(context: ChannelHandlerContext, _ refusal: UpgradeRefusal) {
        state = .done
        var headers = refusal.headers
        for name in ["connection", "transfer-encoding", "content-length"] { headers.remove(name: name) }
        headers.add(name: "Content-Length", value: "\(refusal.body.readableBytes)")
        headers.add(name: "Connection", value: "close")
        var bytes = ResponseHeadWriter.head(refusal.status, headers)
        bytes.writeImmutableBuffer(refusal.body)
        let channel = context.channel
        context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in channel.close(promise: nil) }
        outcome.succeed(.refused)
    }

    /// Hands on what was collected and leaves the pipeline. Handlers that were added stand behind this one.
    private func stepAside(context: ChannelHandlerContext) {
        let rest = received
        received = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(rest))
            context.fireChannelReadComplete()
        }
        if readIsHeldBack { context.read() }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    private func giveUp(_ channel: any Channel, _ error: any Error) {
        guard state != .done else { return }
        state = .done
        timer?.cancel()
        outcome.fail(error)
        channel.close(promise: nil)
    }
}
