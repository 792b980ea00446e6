import HTTPUpgrade
import NIOCore
import NIOWebSocket

/// A WebSocket on a connection that has left HTTP.
enum WebSocketChannel {
    typealias Connection = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    /// Adds the handlers. On the channel's event loop.
    ///
    /// - Returns: when this side's close has left for the client.
    static func addHandlers(to channel: any Channel) throws -> EventLoopFuture<Void> {
        let farewell = channel.eventLoop.makePromise(of: Void.self)
        try channel.pipeline.syncOperations.addHandlers([
            WebSocketFrameEncoder(),
            ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: MessageAssembler.longestMessage)),
            WebSocketProtocolErrorHandler(),
            ControlFrameResponder(farewell: farewell),
            CloseOnInputClosed(),
        ])
        return farewell.futureResult
    }

    static func wrap(_ channel: any Channel) throws -> Connection {
        // Frames may be large, so few of them wait.
        try Connection(
            wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2)))
    }

    /// Ends a connection whose client broke the protocol. Not through the writer, which would wait for a client that does not read.
    static func close(_ channel: any Channel, _ violation: WebSocketViolation) {
        var data = ByteBuffer()
        data.write(webSocketErrorCode: violation.code)
        data.writeString(violation.description)
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .connectionClose, data: data), promise: nil)
        channel.close(promise: nil)
    }
}
