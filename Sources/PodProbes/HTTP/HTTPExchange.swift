import NIOCore
import NIOHTTP1
import NIOSSL
import PodCore

/// Sends one request on a new connection and gives the answer to a promise, at the latest when `bodyLimit` bytes of its body are there.
final class HTTPExchange: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPRequestHead
    private let bodyLimit: Int
    private let answer: EventLoopPromise<HTTPAnswer>
    private let hasHead: Milestone
    /// The first bytes from the peer, before and after decryption.
    private let raw: FirstBytes
    private let clear: FirstBytes
    private var head: HTTPResponseHead?
    private var body = ByteBuffer()

    init(
        _ request: HTTPRequestHead, bodyLimit: Int, answer: EventLoopPromise<HTTPAnswer>, hasHead: Milestone, raw: FirstBytes, clear: FirstBytes
    ) {
        self.request = request
        self.bodyLimit = bodyLimit
        self.answer = answer
        self.hasHead = hasHead
        self.raw = raw
        self.clear = clear
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.head(request)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            hasHead.reach()
            if bodyLimit == 0 { complete() }
        case .body(var part):
            guard body.readableBytes < bodyLimit else { return }
            if var kept = part.readSlice(length: min(part.readableBytes, bodyLimit - body.readableBytes)) { body.writeBuffer(&kept) }
            guard body.readableBytes == bodyLimit else { return }
            complete()
            context.close(promise: nil)
        case .end: complete()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        guard head == nil else { return fail("unexpected EOF") }
        fail(clear.bytes.isEmpty ? "EOF" : Self.broken + "unexpected EOF")
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.invalidEOFState: fail(head == nil ? Self.broken + "unexpected EOF" : "unexpected EOF")
        case let error as IOError: fail(SystemErrorText.read(error, on: context.channel))
        case is HTTPParserError:
            fail(head == nil ? Self.broken + "malformed HTTP response \(GoText.quoted(bytes: clear.line))" : "malformed chunked encoding")
        case is NIOSSLError, is BoringSSLError:
            if raw.isPlainHTTP {
                answer.fail(HTTPFailure(.plainAnswer, "http: server gave HTTP response to HTTPS client"))
            } else {
                fail("tls: \(error)")
            }
        default: fail("\(error)")
        }
        context.close(promise: nil)
    }

    private static let broken = "net/http: HTTP/1.x transport connection broken: "

    private func complete() {
        guard let head else { return }
        answer.succeed(
            HTTPAnswer(status: Int(head.status.code), location: head.headers.first(name: "Location"), body: String(buffer: body)))
    }

    private func fail(_ text: String) { answer.fail(HTTPFailure(head == nil ? .noAnswer : .body, text)) }
}
