import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

/// A server that answers over HTTP/1 and never answers a request over HTTP/2. Its HTTP/2 answers pings, or says nothing after its settings.
final class QuietServer: Sendable {
    private struct State {
        var connections = 0
        var pings = 0
    }

    private let channel: any Channel
    private let state: Mutex<State>

    var url: String { "https://127.0.0.1:\(channel.localAddress?.port ?? 0)" }
    /// Over HTTP/2.
    var connections: Int { state.withLock { $0.connections } }
    var pings: Int { state.withLock { $0.pings } }

    static func with(
        tls: TLSConfiguration, answersPings: Bool, _ script: @escaping ScriptedServer.Script, _ body: (QuietServer) async throws -> Void
    ) async throws {
        let server = try await QuietServer(tls, answersPings, script)
        do {
            try await body(server)
        } catch {
            try? await server.channel.close()
            throw error
        }
        try await server.channel.close()
    }

    private init(_ tls: TLSConfiguration, _ answersPings: Bool, _ script: @escaping ScriptedServer.Script) async throws {
        var tls = tls
        tls.applicationProtocols = ["h2", "http/1.1"]
        let context = try NIOSSLContext(configuration: tls)
        let signals = AsyncStream<Bool>.makeStream()
        state = Mutex(State())
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    try channel.pipeline.syncOperations.addHandler(
                        VersionChoice(script: script, answersPings: answersPings, signal: signals.continuation))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        Task { [self] in
            for await isPing in signals.stream { state.withLock { if isPing { $0.pings += 1 } else { $0.connections += 1 } } }
        }
        channel.closeFuture.whenComplete { _ in signals.continuation.finish() }
    }
}

/// Chooses the version of HTTP by a connection's first bytes.
private final class VersionChoice: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: ScriptedServer.Script
    private let answersPings: Bool
    private let signal: AsyncStream<Bool>.Continuation
    private var isSilent = false

    init(script: @escaping ScriptedServer.Script, answersPings: Bool, signal: AsyncStream<Bool>.Continuation) {
        self.script = script
        self.answersPings = answersPings
        self.signal = signal
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isSilent else { return }
        let bytes = unwrapInboundIn(data)
        let pipeline = context.pipeline.syncOperations
        do {
            if String(buffer: bytes).hasPrefix("PRI") {
                signal.yield(false)
                guard answersPings else {
                    isSilent = true
                    // Empty settings.
                    return context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [0, 0, 0, 4, 0, 0, 0, 0, 0])), promise: nil)
                }
                try pipeline.addHandlers([NIOHTTP2Handler(mode: .server), PingCounter(signal)])
            } else {
                try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                try pipeline.addHandler(ScriptHandler(script: script, record: RequestRecord()))
            }
        } catch {
            return context.close(promise: nil)
        }
        context.fireChannelRead(data)
        pipeline.removeHandler(context: context, promise: nil)
    }
}

private final class PingCounter: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let signal: AsyncStream<Bool>.Continuation

    init(_ signal: AsyncStream<Bool>.Continuation) { self.signal = signal }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .ping(_, ack: false) = unwrapInboundIn(data).payload { signal.yield(true) }
    }
}
