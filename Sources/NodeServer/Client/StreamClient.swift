import FoundationEssentials
import HTTPUpgrade
package import KubeModel
package import NIOCore
import NIOPosix
import NIOWebSocket
package import PodCore

/// The other end of an exec: runs a command in a container through an agent, from an operator's terminal.
package struct StreamClient: Sendable {
    package enum Transport: Sendable {
        case unix(path: String)
        /// `prepare` runs on the event loop first, for example to add TLS.
        case tcp(host: String, port: Int, prepare: @Sendable (any Channel) throws -> Void)
    }

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private typealias Inbound = NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator

    /// The size that is kept of an answer that is no upgrade.
    private static let longestRefusal = 64 << 10

    private let transport: Transport
    private let version: StreamProtocol

    package init(transport: Transport, version: StreamProtocol = .v5) {
        self.transport = transport
        self.version = version
    }

    /// Runs to the end of the command.
    ///
    /// - Parameters:
    ///   - target: path and query of the exec.
    ///   - sizes: of the terminal, now and whenever it changes.
    ///   - input: the next bytes for the command's stdin, `nil` at the end; without it stdin is not sent.
    ///   - output: takes what the command writes; while it works, the command has to wait.
    /// - Returns: how it ended; ``StreamStatus/exitCode(of:)`` reads the exit code from it.
    /// - Throws: ``StreamClientError``, or the error of the connection.
    package func run(
        _ target: RequestTarget, sizes: AsyncStream<TerminalSize>? = nil, input: (@Sendable () async throws -> ByteBuffer?)?,
        output: @Sendable (StreamOutput) async throws -> Void
    ) async throws -> Status {
        let connection = try await connect()
        return try await connection.executeThenClose { inbound, outbound in
            var iterator = inbound.makeAsyncIterator()
            var bytes = ByteBuffer()
            try await shakeHands(target, &iterator, &bytes, outbound)
            var frames = ServerFrameReader()
            frames.add(bytes)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                if let input {
                    // Input that cannot be sent any more does not end what is still to be received.
                    group.addTask { try? await send(input, to: outbound, connection.channel.eventLoop) }
                }
                if let sizes {
                    group.addTask {
                        for await size in sizes { try? await outbound.write(Self.message(version, size)) }
                    }
                }
                let status = try await receive(&iterator, &frames, output)
                group.cancelAll()
                return status
            }
        }
    }

    private func connect() async throws -> Connection {
        let configuration = Connection.Configuration(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2))
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        switch transport {
        case .unix(let path):
            return try await bootstrap.connect(unixDomainSocketPath: path) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel, configuration: configuration) }
            }
        case .tcp(let host, let port, let prepare):
            return try await bootstrap.connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try prepare(channel)
                    return try Connection(wrappingChannelSynchronously: channel, configuration: configuration)
                }
            }
        }
    }

    /// Sends the request and reads the answer's head; `bytes` is left with what came after it.
    private func shakeHands(
        _ target: RequestTarget, _ inbound: inout Inbound, _ bytes: inout ByteBuffer, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        let key = Data((0..<16).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
        var request = "GET \(target.uri) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        request += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n"
        if version != .unnamed { request += "Sec-WebSocket-Protocol: \(version.rawValue)\r\n" }
        try await outbound.write(ByteBuffer(string: request + "\r\n"))

        while true {
            if let head = try ResponseHead.take(from: &bytes) {
                guard head.status == 101 else { throw try await refusal(head, &inbound, bytes) }
                guard head.accept == WebSocketHandshake.answer(to: key) else { throw StreamClientError.brokenAnswer("a wrong Sec-WebSocket-Accept") }
                return
            }
            guard let more = try await inbound.next() else { throw StreamClientError.endedWithoutStatus }
            bytes.writeImmutableBuffer(more)
        }
    }

    private func refusal(_ head: ResponseHead, _ inbound: inout Inbound, _ bytes: ByteBuffer) async throws -> StreamClientError {
        var body = bytes
        let wanted = min(head.contentLength ?? Self.longestRefusal, Self.longestRefusal)
        while body.readableBytes < wanted, let more = try await inbound.next() { body.writeImmutableBuffer(more) }
        let status = try? JSONDecoder().decode(Status.self, from: Data(body.readableBytesView))
        return .refused(status: head.status, text: status?.message ?? String(buffer: body))
    }

    private func receive(
        _ inbound: inout Inbound, _ frames: inout ServerFrameReader, _ output: @Sendable (StreamOutput) async throws -> Void
    ) async throws -> Status {
        var status: Status?
        while true {
            while let frame = try frames.next() {
                switch frame.opcode {
                case .binary, .text: try await take(frame.data, &status, output)
                case .connectionClose:
                    if let status { return status }
                    // Older sub-protocols say nothing about a command that succeeded.
                    if !version.hasStructuredStatus { return Status(status: "Success") }
                    throw StreamClientError.endedWithoutStatus
                default: continue
                }
            }
            guard let more = try await inbound.next() else {
                guard let status else { throw StreamClientError.endedWithoutStatus }
                return status
            }
            frames.add(more)
        }
    }

    private func take(_ message: ByteBuffer, _ status: inout Status?, _ output: @Sendable (StreamOutput) async throws -> Void) async throws {
        var data = message
        guard let first: UInt8 = data.readInteger() else { return }
        let channel = version.isBase64 ? first &- UInt8(ascii: "0") : first
        var bytes = Array(data.readableBytesView)
        if version.isBase64 {
            guard let decoded = Data(base64Encoded: Data(bytes)) else { throw StreamClientError.brokenAnswer("a message that is no base64") }
            bytes = Array(decoded)
        }
        guard !bytes.isEmpty else { return }
        switch channel {
        case StreamChannel.stdout: try await output(.stdout(bytes))
        case StreamChannel.stderr: try await output(.stderr(bytes))
        case StreamChannel.error where version.hasStructuredStatus: status = try JSONDecoder().decode(Status.self, from: Data(bytes))
        case StreamChannel.error: status = Status(status: "Failure", message: String(decoding: bytes, as: UTF8.self))
        default: break
        }
    }

    private func send(
        _ input: @Sendable () async throws -> ByteBuffer?, to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ eventLoop: any EventLoop
    ) async throws {
        let codec = StreamMessageCodec(version)
        while let bytes = try await input() {
            let (opcode, data) = codec.encode(bytes.readableBytesView, on: StreamChannel.stdin)
            try await outbound.write(Self.frame(opcode, data))
            try await eventLoop.catchUp()
        }
        guard version.hasHalfClose, !Task.isCancelled else { return }
        try await outbound.write(Self.frame(.binary, ByteBuffer(bytes: [StreamChannel.close, StreamChannel.stdin])))
    }

    private static func message(_ version: StreamProtocol, _ size: TerminalSize) -> ByteBuffer {
        let text = "{\"Width\":\(size.columns),\"Height\":\(size.rows)}"
        let (opcode, data) = StreamMessageCodec(version).encode(Array(text.utf8), on: StreamChannel.resize)
        return frame(opcode, data)
    }

    /// One masked frame (RFC 6455 section 5.3).
    private static func frame(_ opcode: WebSocketOpcode, _ data: ByteBuffer) -> ByteBuffer {
        let key = (0..<4).map { _ in UInt8.random(in: 0...255) }
        var frame = ByteBuffer()
        frame.reserveCapacity(data.readableBytes + 14)
        frame.writeInteger(0x80 | UInt8(webSocketOpcode: opcode))
        switch data.readableBytes {
        case ..<126: frame.writeInteger(0x80 | UInt8(data.readableBytes))
        case ..<65_536:
            frame.writeInteger(UInt8(0x80 | 126))
            frame.writeInteger(UInt16(data.readableBytes))
        default:
            frame.writeInteger(UInt8(0x80 | 127))
            frame.writeInteger(UInt64(data.readableBytes))
        }
        frame.writeBytes(key)
        var masked = data
        if let key = WebSocketMaskingKey(key) { masked.webSocketMask(key) }
        frame.writeImmutableBuffer(masked)
        return frame
    }
}
