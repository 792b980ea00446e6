import FoundationEssentials
package import KubeModel
package import NIOCore
package import NIOHTTP1
import NIOPosix
import NIOWebSocket
package import PodCore

/// The other end of an exec: runs a command in a container through an agent, from an operator's terminal.
package struct ExecClient: Sendable {
    package enum Transport: Sendable {
        case unix(path: String)
        /// `prepare` runs on the event loop before HTTP, for example to add TLS.
        case tcp(host: String, port: Int, prepare: @Sendable (any Channel) throws -> Void)
    }

    private enum Opened: Sendable {
        case conversation(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>)
        case refusal(NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>)
    }

    /// What is read of an answer that is no upgrade.
    private static let longestRefusal = 64 << 10

    private let transport: Transport
    private let version: ExecProtocol
    private let headers: HTTPHeaders

    package init(transport: Transport, version: ExecProtocol = .v5, headers: HTTPHeaders = [:]) {
        self.transport = transport
        self.version = version
        self.headers = headers
    }

    /// Runs to the end of the command.
    ///
    /// - Parameters:
    ///   - target: path and query of the exec.
    ///   - input: the next bytes for the command's stdin, `nil` at the end; without it stdin is not sent.
    ///   - output: takes what the command writes; while it works, the command has to wait.
    /// - Returns: how it ended; ``ExecStatus/exitCode(of:)`` reads the exit code from it.
    /// - Throws: ``ExecClientError``, or the error of the connection.
    package func run(
        _ target: RequestTarget, input: (@Sendable () async throws -> ByteBuffer?)?, output: @escaping @Sendable (ExecOutput) async throws -> Void
    ) async throws -> Status {
        switch try await open(target).get() {
        case .refusal(let connection):
            throw try await connection.executeThenClose { inbound, _ in try await Self.refusal(inbound) }
        case .conversation(let connection):
            return try await connection.executeThenClose { inbound, outbound in
                try await withThrowingTaskGroup(of: Status?.self) { group in
                    group.addTask { try await receive(inbound, output) }
                    if let input {
                        group.addTask {
                            // Input that cannot be sent any more does not end what is still to be received.
                            try? await send(input, to: outbound)
                            return nil
                        }
                    }
                    while let result = try await group.next() {
                        guard let status = result else { continue }
                        group.cancelAll()
                        return status
                    }
                    throw ExecClientError.endedWithoutStatus
                }
            }
        }
    }

    private func receive(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ output: @Sendable (ExecOutput) async throws -> Void
    ) async throws -> Status {
        var status: Status?
        for try await frame in inbound {
            switch frame.opcode {
            case .binary, .text:
                var data = frame.unmaskedData
                guard let first: UInt8 = data.readInteger() else { continue }
                let channel = version.isBase64 ? first &- UInt8(ascii: "0") : first
                var bytes = Array(data.readableBytesView)
                if version.isBase64 { bytes = Data(base64Encoded: Data(bytes)).map { Array($0) } ?? [] }
                guard !bytes.isEmpty else { continue }
                switch channel {
                case ExecChannel.stdout: try await output(.stdout(bytes))
                case ExecChannel.stderr: try await output(.stderr(bytes))
                case ExecChannel.error: status = try decodeStatus(bytes)
                default: continue
                }
            case .connectionClose:
                // Older sub-protocols say nothing about a command that succeeded.
                if let status { return status }
                if !version.hasStructuredStatus { return Status(status: "Success") }
                throw ExecClientError.endedWithoutStatus
            default: continue
            }
        }
        guard let status else { throw ExecClientError.endedWithoutStatus }
        return status
    }

    private func decodeStatus(_ bytes: [UInt8]) throws -> Status {
        guard version.hasStructuredStatus else { return Status(status: "Failure", message: String(decoding: bytes, as: UTF8.self)) }
        return try JSONDecoder().decode(Status.self, from: Data(bytes))
    }

    private func send(_ input: @Sendable () async throws -> ByteBuffer?, to outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>) async throws {
        let codec = ExecMessageCodec(version)
        while let bytes = try await input() {
            let (opcode, data) = codec.encode(bytes.readableBytesView, on: ExecChannel.stdin)
            try await outbound.write(WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data))
        }
        guard version.hasHalfClose, !Task.isCancelled else { return }
        let end = ByteBuffer(bytes: [ExecChannel.close, ExecChannel.stdin])
        try await outbound.write(WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: end))
    }

    private func open(_ target: RequestTarget) async throws -> EventLoopFuture<Opened> {
        var headers = headers
        headers.replaceOrAdd(name: "Host", value: "localhost")
        headers.replaceOrAdd(name: "Content-Length", value: "0")
        if version != .unnamed { headers.replaceOrAdd(name: "Sec-WebSocket-Protocol", value: version.rawValue) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target.uri, headers: headers)
        let initializer: @Sendable (any Channel) -> EventLoopFuture<EventLoopFuture<Opened>> = { channel in
            channel.eventLoop.makeCompletedFuture {
                if case .tcp(_, _, let prepare) = transport { try prepare(channel) }
                return try Self.configure(channel, head)
            }
        }
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        switch transport {
        case .unix(let path): return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: initializer)
        case .tcp(let host, let port, _): return try await bootstrap.connect(host: host, port: port, channelInitializer: initializer)
        }
    }

    private static func configure(_ channel: any Channel, _ head: HTTPRequestHead) throws -> EventLoopFuture<Opened> {
        let upgrader = NIOTypedWebSocketClientUpgrader<Opened>(maxFrameSize: MessageAssembler.longestMessage) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                .conversation(
                    try NIOAsyncChannel(wrappingChannelSynchronously: channel, configuration: .init(backPressureStrategy: .init(lowWatermark: 1, highWatermark: 2))))
            }
        }
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Opened>(upgradeRequestHead: head, upgraders: [upgrader]) { channel in
            channel.eventLoop.makeCompletedFuture { .refusal(try NIOAsyncChannel(wrappingChannelSynchronously: channel)) }
        }
        return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(configuration: .init(upgradeConfiguration: upgrade))
    }

    private static func refusal(_ inbound: NIOAsyncChannelInboundStream<HTTPClientResponsePart>) async throws -> ExecClientError {
        var code = 0
        var text = ByteBuffer()
        for try await part in inbound {
            switch part {
            case .head(let head): code = Int(head.status.code)
            case .body(let bytes): if text.readableBytes < longestRefusal { text.writeImmutableBuffer(bytes) }
            case .end: return .refused(status: code, text: String(buffer: text))
            }
        }
        return .refused(status: code, text: String(buffer: text))
    }
}
