import NIOCore
import PodCore

/// Makes a connection and resets it: without a request there is nothing that a reset could take from the peer.
struct TCPProbe {
    let host: String
    let port: Int
    var lookup: @Sendable (_ name: String, _ port: Int) -> [SocketAddress] = HostLookup.addresses

    func check(deadline: NIODeadline) async -> ProbeResult {
        do {
            try await ProbeConnection(host: host, port: port, deadline: deadline, resets: true, lookup: lookup).run { channel, connected in
                try channel.pipeline.syncOperations.addHandler(ConnectedHandler(connected))
            }
            return .success(warning: nil)
        } catch let failure as DialFailure {
            return .failure(message: failure.text(host: host, port: port))
        } catch is ProbeTimeout {
            return .failure(message: DialFailure.timeoutText(host: host, port: port))
        } catch {
            return .unknown(message: "\(error)")
        }
    }
}

private final class ConnectedHandler: ChannelInboundHandler {
    typealias InboundIn = Never

    private let connected: EventLoopPromise<Void>

    init(_ connected: EventLoopPromise<Void>) {
        self.connected = connected
    }

    func channelActive(context: ChannelHandlerContext) { connected.succeed() }

    // The peer may reset the connection as soon as it exists.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
