import HTTPUpgrade
import KubeModel
import NIOCore
import NIOWebSocket

/// Writes an exec's messages to its WebSocket; every call waits while the client does not read.
struct StreamSink: Sendable {
    /// Longer output goes out in several messages.
    private static let longestMessage = 64 << 10

    let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    let codec: StreamMessageCodec
    /// When a close has left for the client.
    let farewell: EventLoopFuture<Void>

    /// Tells the client that the connection is there: an empty message on the lowest channel that it listens to.
    func hello(stdout: Bool, stderr: Bool) async throws {
        try await send([], on: stdout ? StreamChannel.stdout : stderr ? StreamChannel.stderr : StreamChannel.error)
    }

    func output(_ bytes: [UInt8], on channel: UInt8) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try await send(rest.prefix(Self.longestMessage), on: channel)
            rest = rest.dropFirst(Self.longestMessage)
        }
    }

    /// How it ended, and that nothing follows. Returns when all of it has left for the client: what still waited here would be
    /// lost with the connection.
    func end(_ status: Status) async throws {
        if let bytes = try StreamStatus.bytes(status, codec.version) { try await send(bytes[...], on: StreamChannel.error) }
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
        try await farewell.get()
    }

    private func send(_ bytes: ArraySlice<UInt8>, on channel: UInt8) async throws {
        let (opcode, data) = codec.encode(bytes, on: channel)
        try await outbound.write(WebSocketFrame(fin: true, opcode: opcode, data: data))
        try await farewell.eventLoop.catchUp()
    }
}
