import NIOWebSocket

/// A forwarded connection over two channels of a WebSocket.
struct WebSocketForwardSink: ForwardSink {
    let data: UInt8
    let writer: FrameWriter<WebSocketFrame>
    let codec: StreamMessageCodec

    var clientEndsAlone: Bool { false }

    func send(_ bytes: [UInt8]) async throws { try await send(bytes, on: data) }

    /// Channels have no end of their own.
    func end() async throws {}

    func breakOff() async throws {}

    func fail(_ message: String) async throws { try await send(Array(message.utf8), on: data + 1) }

    func finish() async throws {}

    /// The first message of both channels: the number of the port, in the order of bytes that kubelet chose.
    func begin(port: UInt16) async throws {
        let bytes = [UInt8(truncatingIfNeeded: port), UInt8(port >> 8)]
        try await send(bytes, on: data)
        try await send(bytes, on: data + 1)
    }

    private func send(_ bytes: [UInt8], on channel: UInt8) async throws {
        let (opcode, data) = codec.encode(bytes, on: channel)
        try await writer.write(WebSocketFrame(fin: true, opcode: opcode, data: data))
    }
}
