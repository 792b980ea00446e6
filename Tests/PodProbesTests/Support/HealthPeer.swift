import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import TestSupport

/// A gRPC server on loopback whose answer the test decides.
struct HealthPeer {
    struct Answer: Sendable {
        var headers: HPACKHeaders = [":status": "200", "content-type": "application/grpc"]
        /// With gRPC's five bytes before it.
        var message: [UInt8]?
        /// Without trailers, the headers are the end.
        var trailers: HPACKHeaders?

        static func status(_ number: UInt8) -> Answer {
            Answer(message: [0, 0, 0, 0, 2, 8, number], trailers: ["grpc-status": "0"])
        }

        static func failure(_ code: Int, _ message: String) -> Answer {
            Answer(headers: [":status": "200", "content-type": "application/grpc", "grpc-status": "\(code)", "grpc-message": message])
        }
    }

    /// Each call's headers with its message.
    let calls: Journal<(headers: [String: String], message: [UInt8])>
    let port: Int

    /// - Parameter answer: absent: the call is never answered.
    static func with<Result>(_ answer: Answer?, _ body: (HealthPeer) async throws -> Result) async throws -> Result {
        let calls = Journal<(headers: [String: String], message: [UInt8])>()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(NIOHTTP2Handler(mode: .server))
                    try channel.pipeline.syncOperations.addHandler(CallHandler(answer) { calls.note(($0, $1)) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let result = try await body(HealthPeer(calls: calls, port: channel.localAddress?.port ?? 0))
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    private init(calls: Journal<(headers: [String: String], message: [UInt8])>, port: Int) {
        self.calls = calls
        self.port = port
    }
}

private final class CallHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    private let answer: HealthPeer.Answer?
    private let note: ([String: String], [UInt8]) -> Void
    private var headers: [String: String] = [:]

    init(_ answer: HealthPeer.Answer?, _ note: @escaping ([String: String], [UInt8]) -> Void) {
        self.answer = answer
        self.note = note
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let payload): for field in payload.headers { headers[field.name] = field.value }
        case .data(let payload) where payload.endStream:
            guard case .byteBuffer(let message) = payload.data else { return }
            note(headers, Array(message.readableBytesView))
            if let answer { send(answer, on: frame.streamID, context) }
        default: break
        }
    }

    private func send(_ answer: HealthPeer.Answer, on stream: HTTP2StreamID, _ context: ChannelHandlerContext) {
        func write(_ payload: HTTP2Frame.FramePayload) {
            context.writeAndFlush(wrapOutboundOut(HTTP2Frame(streamID: stream, payload: payload)), promise: nil)
        }
        write(.headers(.init(headers: answer.headers, endStream: answer.trailers == nil)))
        if let message = answer.message { write(.data(.init(data: .byteBuffer(ByteBuffer(bytes: message))))) }
        if let trailers = answer.trailers { write(.headers(.init(headers: trailers, endStream: true))) }
    }
}
