import HTTPUpgrade
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1

/// Collects the head of a node's answer to an upgrade, then lets bytes through.
final class NodeResponseGate: Sendable {
    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var headers: HTTPHeaders
        /// The text of a refusal.
        var body = ByteBuffer()
    }

    private let connection = NIOLockedValueBox<NIOLoopBound<Handler>?>(nil)

    func handler() -> any ChannelHandler {
        Handler(gate: self)
    }

    /// Sends the request and waits for the answer's head, and for the body when it is a refusal.
    func ask(_ channel: any Channel, _ request: ByteBuffer) async throws -> Answer {
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        let bound = connection.withLockedValue { $0 }
        channel.eventLoop.execute {
            guard let handler = bound?.value else {
                promise.fail(ChannelError.ioOnClosedChannel)
                return
            }
            handler.begin(promise)
        }
        let timeout = channel.eventLoop.scheduleTask(in: .seconds(30)) { channel.close(promise: nil) }
        defer { timeout.cancel() }
        try await channel.writeAndFlush(request)
        return try await promise.futureResult.get()
    }

    /// Hands the bytes after the head and all that follow to the handlers behind, which were added meanwhile. On the event loop.
    func open(_ channel: any Channel) { connection.withLockedValue { $0 }?.value.open() }

    private func register(_ handler: Handler, _ loop: any EventLoop) {
        connection.withLockedValue { $0 = NIOLoopBound(handler, eventLoop: loop) }
    }

    final class Handler: ChannelDuplexHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer
        typealias InboundOut = ByteBuffer
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private static let longest = 64 * 1024
        private let gate: NodeResponseGate
        private var context: ChannelHandlerContext?
        private var received = ByteBuffer()
        private var answer: Answer?
        private var promise: EventLoopPromise<Answer>?
        private var isOpen = false
        private var holdsReads = false

        init(gate: NodeResponseGate) { self.gate = gate }

        func handlerAdded(context: ChannelHandlerContext) {
            self.context = context
            gate.register(self, context.eventLoop)
        }

        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func begin(_ promise: EventLoopPromise<Answer>) {
            self.promise = promise
            guard let context, context.channel.isActive else {
                finish(ChannelError.ioOnClosedChannel)
                return
            }
            examine(atEnd: false)
        }

        func open() {
            guard !isOpen, let context else { return }
            isOpen = true
            if received.readableBytes > 0 {
                context.fireChannelRead(wrapInboundOut(received))
                context.fireChannelReadComplete()
                received = ByteBuffer()
            }
            if holdsReads { context.read() }
        }

        func read(context: ChannelHandlerContext) {
            // Between the answer and the take-over nothing is read.
            if answer?.status == .switchingProtocols, !isOpen { holdsReads = true } else { context.read() }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if isOpen {
                context.fireChannelRead(data)
                return
            }
            var bytes = unwrapInboundIn(data)
            received.writeBuffer(&bytes)
            examine(atEnd: false)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if !isOpen, case .inputClosed? = event as? ChannelEvent { examine(atEnd: true) }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) {
            if !isOpen { examine(atEnd: true) }
            finish(ChannelError.eof)
            context.fireChannelInactive()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            finish(error)
            if isOpen { context.fireErrorCaught(error) }
        }

        private func finish(_ error: any Error) {
            promise?.fail(error)
            promise = nil
        }

        private func examine(atEnd: Bool) {
            if answer == nil {
                let view = received.readableBytesView
                guard let end = RequestHeadParser.endOfHead(in: view) else {
                    if received.readableBytes > Self.longest { finish(ByteToMessageDecoderError.PayloadTooLargeError()) }
                    return
                }
                answer = Self.parse(String(decoding: view.prefix(end), as: UTF8.self))
                received.moveReaderIndex(forwardBy: end)
                guard answer != nil else {
                    finish(HTTPParserError.invalidStatus)
                    return
                }
            }
            guard var answer, promise != nil else { return }
            if answer.status != .switchingProtocols {
                let length = answer.headers.first(name: "content-length").flatMap { Int($0) }
                guard atEnd || received.readableBytes >= min(length ?? .max, Self.longest) else { return }
                answer.body = received.getSlice(at: received.readerIndex, length: min(received.readableBytes, Self.longest)) ?? ByteBuffer()
            }
            promise?.succeed(answer)
            promise = nil
        }

        private static func parse(_ text: String) -> Answer? {
            let lines = text.unicodeScalars.split(separator: "\n").map { Substring($0.last == "\r" ? $0.dropLast() : $0) }
            let first = lines.first?.split(separator: " ", maxSplits: 2) ?? []
            guard first.count >= 2, first[0].hasPrefix("HTTP/1."), let code = Int(first[1]), (100..<600).contains(code) else { return nil }
            var headers = HTTPHeaders()
            for line in lines.dropFirst() {
                guard let colon = line.firstIndex(of: ":") else { continue }
                headers.add(name: String(line[..<colon]), value: String(line[line.index(after: colon)...]).trimmingSpace)
            }
            return Answer(status: HTTPResponseStatus(statusCode: code), headers: headers)
        }
    }
}
