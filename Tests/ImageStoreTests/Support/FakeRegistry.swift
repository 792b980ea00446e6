import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An HTTP server on loopback whose answers come from a closure, truthful or not.
final class FakeRegistry: Sendable {
    struct Request: Sendable {
        let method: HTTPMethod
        let path: String
        let query: String
        let headers: HTTPHeaders
    }

    struct Reply: Sendable {
        var status: HTTPResponseStatus = .ok
        var headers: [(String, String)] = []
        var body: [UInt8] = []
        /// Closes the connection after so many bytes of the body.
        var cutAfter: Int?
        /// Never ends the body after `cutAfter` bytes, and keeps the connection.
        var stalls = false
        /// Closes the connection instead of answering.
        var isDropped = false
    }

    /// An answer of the server.
    struct Script: Sendable {
        let answer: @Sendable (Request) -> Reply

        init(_ answer: @escaping @Sendable (Request) -> Reply) { self.answer = answer }
    }

    private let channel: any Channel
    private let log = Mutex<[Request]>([])
    private let group: MultiThreadedEventLoopGroup

    var port: Int { channel.localAddress?.port ?? 0 }
    var authority: String { "127.0.0.1:\(port)" }
    var requests: [Request] { log.withLock { $0 } }

    private init(channel: any Channel, group: MultiThreadedEventLoopGroup) {
        self.channel = channel
        self.group = group
    }

    /// Runs `body` with a server that is gone afterwards.
    /// - Parameter tls: nil for plain HTTP.
    static func with<R>(
        _ script: Script, tls: TLSConfiguration? = nil, _ body: (FakeRegistry) async throws -> R
    ) async throws -> R {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let record = Recorder()
        let tls = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(
                        Handler { request in
                            record.note(request)
                            return script.answer(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = FakeRegistry(channel: channel, group: group)
        record.target.withLock { $0 = server }
        return try await whileListening(channel, group) { try await body(server) }
    }

    private final class Recorder: Sendable {
        let target = Mutex<FakeRegistry?>(nil)
        func note(_ request: Request) {
            let server = target.withLock { $0 }
            server?.log.withLock { $0.append(request) }
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let answer: @Sendable (Request) -> Reply
        private var head: HTTPRequestHead?

        init(_ answer: @escaping @Sendable (Request) -> Reply) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head else { return }
                let parts = head.uri.split(separator: "?", maxSplits: 1)
                let reply = answer(
                    Request(method: head.method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", headers: head.headers))
                if reply.isDropped {
                    context.close(promise: nil)
                    return
                }
                var headers = HTTPHeaders(reply.headers)
                if headers["Content-Length"].isEmpty { headers.add(name: "Content-Length", value: "\(reply.body.count)") }
                context.write(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers))), promise: nil)
                let sent = head.method == .HEAD ? [] : reply.body.prefix(reply.cutAfter ?? reply.body.count)
                context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: sent)))), promise: nil)
                if reply.stalls { return }
                if reply.cutAfter != nil {
                    context.close(promise: nil)
                } else {
                    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
                }
            }
        }
    }
}

extension FakeRegistry.Reply {
    static let missing = FakeRegistry.Reply(status: .notFound)
}
