import NIOCore
import NIOHPACK
import NIOHTTP2

/// Makes one health call on a new HTTP/2 connection, once the peer has shown by its settings that it speaks HTTP/2.
/// The promise gets the name of the reported status or fails with a ``GRPCStatus``.
final class HealthExchange: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private static let stream = HTTP2StreamID(1)
    /// In bytes. The answer has seven.
    private static let messageLimit = 1 << 10

    private let headers: HPACKHeaders
    private let request: ByteBuffer
    private let answer: EventLoopPromise<String>
    private let isConnected: Milestone
    private var status = ""
    private var contentType: String?
    private var message = ByteBuffer()

    init(_ headers: HPACKHeaders, request: ByteBuffer, answer: EventLoopPromise<String>, isConnected: Milestone) {
        self.headers = headers
        self.request = request
        self.answer = answer
        self.isConnected = isConnected
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .settings(.settings) where !isConnected.isReached:
            isConnected.reach()
            send(context)
        case .headers(let payload) where frame.streamID == Self.stream:
            if let status = payload.headers.first(name: ":status") {
                self.status = status
                contentType = payload.headers.first(name: "content-type")
            }
            if payload.endStream { end(GRPCStatus(trailers: payload.headers, httpStatus: status, contentType: contentType)) }
        case .data(let payload) where frame.streamID == Self.stream:
            if case .byteBuffer(var part) = payload.data { message.writeBuffer(&part) }
            if message.readableBytes > Self.messageLimit { return end(GRPCStatus(GRPCStatus.internal, "found a message that is no health status")) }
            if payload.endStream { end(GRPCStatus(trailers: [:], httpStatus: status, contentType: contentType)) }
        case .rstStream(let code) where frame.streamID == Self.stream:
            end(GRPCStatus(GRPCStatus.unavailable, "stream terminated by RST_STREAM with error code: \(code)"))
        case .goAway(let last, let code, _) where last < Self.stream:
            end(GRPCStatus(GRPCStatus.unavailable, "connection closed by GOAWAY with error code: \(code)"))
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) { end(GRPCStatus(GRPCStatus.unavailable, "error reading from server: EOF")) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let text = (error as? IOError).map { SystemErrorText.read($0, on: context.channel) } ?? "\(error)"
        end(GRPCStatus(GRPCStatus.unavailable, "error reading from server: \(text)"))
    }

    private func send(_ context: ChannelHandlerContext) {
        let head = HTTP2Frame(streamID: Self.stream, payload: .headers(.init(headers: headers)))
        let body = HTTP2Frame(streamID: Self.stream, payload: .data(.init(data: .byteBuffer(request), endStream: true)))
        context.write(wrapOutboundOut(head), promise: nil)
        context.writeAndFlush(wrapOutboundOut(body), promise: nil)
    }

    private func end(_ end: GRPCStatus) {
        guard end.code == GRPCStatus.ok else { return answer.fail(end) }
        guard let name = HealthMessage.status(message) else {
            return answer.fail(GRPCStatus(GRPCStatus.internal, "found an answer that is not a grpc.health.v1.HealthCheckResponse"))
        }
        answer.succeed(name)
    }
}
