import KubeModel
import NIOCore
import NIOWebSocket
import Synchronization

/// An exec or attach over a WebSocket: every message names its channel.
struct WebSocketLink: StreamLink {
    /// Longer output goes out in several messages.
    private static let longestMessage = 64 << 10

    let channel: any Channel
    private let frames: FrameSource<WebSocketFrame>
    private let writer: FrameWriter<WebSocketFrame>
    private let codec: StreamMessageCodec
    private let assembler = Assembler()
    /// When a close has left for the client.
    private let farewell: EventLoopFuture<Void>

    private final class Assembler: Sendable {
        private let state = Mutex(MessageAssembler())

        func add(_ frame: WebSocketFrame) throws(WebSocketViolation) -> MessageAssembler.Output {
            try state.withLock { (state) throws(WebSocketViolation) in try state.add(frame) }
        }
    }

    init(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>, _ channel: any Channel,
        _ version: StreamProtocol, farewell: EventLoopFuture<Void>
    ) {
        self.channel = channel
        frames = FrameSource(inbound)
        writer = FrameWriter(outbound, channel)
        codec = StreamMessageCodec(version)
        self.farewell = farewell
    }

    /// An empty message on the lowest channel that the client listens to.
    func hello(stdout: Bool, stderr: Bool) async throws {
        try await send([], on: stdout ? StreamChannel.stdout : stderr ? StreamChannel.stderr : StreamChannel.error)
    }

    func receive() async throws -> ClientMessage? {
        while let frame = try await frames.next() {
            switch try assembler.add(frame) {
            case .close: return nil
            case .nothing: continue
            case .message(let message): return try codec.decode(message)
            }
        }
        return nil
    }

    func output(_ bytes: [UInt8], on channel: UInt8) async throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            try await send(rest.prefix(Self.longestMessage), on: channel)
            rest = rest.dropFirst(Self.longestMessage)
        }
    }

    func end(_ status: Status) async throws {
        if let bytes = try StreamStatus.bytes(status, structured: codec.version.hasStructuredStatus) {
            try await send(bytes[...], on: StreamChannel.error)
        }
        var code = ByteBuffer()
        code.write(webSocketErrorCode: .normalClosure)
        try await writer.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: code))
        try await farewell.get()
    }

    func close(after error: any Error) {
        if let violation = error as? WebSocketViolation { WebSocketChannel.close(channel, violation) } else { channel.close(promise: nil) }
    }

    private func send(_ bytes: ArraySlice<UInt8>, on channel: UInt8) async throws {
        let (opcode, data) = codec.encode(bytes, on: channel)
        try await writer.write(WebSocketFrame(fin: true, opcode: opcode, data: data))
    }
}
