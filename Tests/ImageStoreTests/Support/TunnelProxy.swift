import NIOCore
import NIOPosix
import Synchronization

/// An HTTP proxy on loopback: every tunnel that is asked for leads to one server, whatever its name.
final class TunnelProxy: Sendable {
    private let log = Mutex<[[String]]>([])
    private let port = Mutex(0)

    /// The lines of each `CONNECT` request.
    var requests: [[String]] { log.withLock { $0 } }
    var authority: String { "127.0.0.1:\(port.withLock { $0 })" }

    /// Runs `body` with a proxy that is gone afterwards.
    /// - Parameter target: the port of the server on loopback.
    static func with<R>(to target: Int, _ body: (TunnelProxy) async throws -> R) async throws -> R {
        let proxy = TunnelProxy()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Door(target: target) { lines in proxy.log.withLock { $0.append(lines) } })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        proxy.port.withLock { $0 = channel.localAddress?.port ?? 0 }
        return try await whileListening(channel, group) { try await body(proxy) }
    }

    /// Reads the request, opens the tunnel and becomes its near end.
    private final class Door: ChannelInboundHandler, RemovableChannelHandler {
        typealias InboundIn = ByteBuffer

        private let target: Int
        private let note: @Sendable ([String]) -> Void
        private var head = ""

        init(target: Int, note: @escaping @Sendable ([String]) -> Void) {
            self.target = target
            self.note = note
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            head += String(buffer: unwrapInboundIn(data))
            guard head.hasSuffix("\r\n\r\n") else { return }
            note(head.split(separator: "\r\n").map(String.init))
            let near = context.channel
            ClientBootstrap(group: context.eventLoop)
                .channelInitializer { far in far.eventLoop.makeCompletedFuture { try far.pipeline.syncOperations.addHandler(Tunnel(to: near)) } }
                .connect(host: "127.0.0.1", port: target)
                .flatMap { far in
                    near.eventLoop.makeCompletedFuture { try near.pipeline.syncOperations.addHandler(Tunnel(to: far)) }
                        .flatMap { near.writeAndFlush(ByteBuffer(string: "HTTP/1.1 200 Connection established\r\n\r\n")) }
                }
                .whenFailure { _ in near.close(promise: nil) }
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    private final class Tunnel: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel

        init(to other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { other.writeAndFlush(unwrapInboundIn(data), promise: nil) }
        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }
    }
}
