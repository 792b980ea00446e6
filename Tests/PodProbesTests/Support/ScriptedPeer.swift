import NIOCore
import NIOPosix
import NIOSSL
import TestSupport

/// A server on loopback that answers each request with bytes of the test's choice.
final class ScriptedPeer: Sendable {
    enum Step: Sendable {
        case send(String)
        case close
        /// Sends bytes as long as the client takes them.
        case endless
    }

    /// From the request's head to what is done then. Without a `close` the connection stays open.
    typealias Script = @Sendable (String) -> [Step]

    /// The heads of all requests, in order.
    let requests: Journal<String>
    private let channel: any Channel

    var port: Int { channel.localAddress?.port ?? 0 }

    private init(_ channel: any Channel, _ requests: Journal<String>) {
        self.channel = channel
        self.requests = requests
    }

    static func with<Result>(
        host: String = "127.0.0.1", tls: Bool = false, _ script: @escaping Script, _ body: (ScriptedPeer) async throws -> Result
    ) async throws -> Result {
        let requests = Journal<String>()
        let context = tls ? try selfSigned() : nil
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(script, requests))
                }
            }
            .bind(host: host, port: 0).get()
        do {
            let result = try await body(ScriptedPeer(channel, requests))
            try await channel.close()
            return result
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// A server that sends one text to each request and closes.
    static func answering<Result>(_ text: String, _ body: (ScriptedPeer) async throws -> Result) async throws -> Result {
        try await with({ _ in [.send(text), .close] }, body)
    }

    private static func selfSigned() throws -> NIOSSLContext {
        let issued = try TestAuthority("unknown").issue("peer")
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(issued.pem.utf8), format: .pem))],
                privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(issued.keyPEM.utf8), format: .pem))))
    }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: ScriptedPeer.Script
    private let requests: Journal<String>
    private var head = ""
    private var isEndless = false

    init(_ script: @escaping ScriptedPeer.Script, _ requests: Journal<String>) {
        self.script = script
        self.requests = requests
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        head += String(buffer: unwrapInboundIn(data))
        // A first record of TLS is answered too, by a peer that does not speak it.
        guard head.hasSuffix("\r\n\r\n") || head.utf8.first == 0x16 else { return }
        requests.note(head)
        let steps = script(head)
        head = ""
        for step in steps {
            switch step {
            case .send(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            case .close: context.close(promise: nil)
            case .endless:
                isEndless = true
                fill(context)
            }
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { if isEndless { fill(context) } }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func fill(_ context: ChannelHandlerContext) {
        let part = ByteBuffer(repeating: UInt8(ascii: "x"), count: 4096)
        while context.channel.isActive, context.channel.isWritable { context.writeAndFlush(wrapOutboundOut(part), promise: nil) }
    }
}
