import AsyncHTTPClient
import NIOCore
import NIOHTTP2
import NIOPosix
import NIOSSL
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// One HTTP client with its connections, shut down when it was retired and the last call on it is over.
final class PooledClient: Sendable {
    private struct State {
        var users = 0
        var isRetired = false
        var isShutDown = false
    }

    let http: HTTPClient
    let generation: Int
    let trust: Int
    private let state = Mutex(State())

    init(lane: HTTPLane, credentials: LoadedCredentials, server: ServerAddress, tlsServerName: String?, silence: Duration) {
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: credentials.tls, redirectConfiguration: .disallow,
            timeout: .init(connect: .seconds(10)), decompression: .disabled)
        if let tlsServerName { configuration.dnsOverride = [tlsServerName: server.host] }
        // A failed connection is reported at once; the caller decides when to try again.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.idleTimeout = .seconds(60)
        switch lane {
        case .calls:
            // HTTP/1: a call that runs into its deadline closes its connection, so a dead one is never used twice.
            configuration.httpVersion = .http1Only
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 16
        case .lists:
            configuration.httpVersion = .http1Only
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8
        case .lease, .events:
            configuration.httpVersion = .http1Only
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 2
        case .watches:
            // HTTP/2 carries many quiet watches on one connection; without it each has its own.
            configuration.httpVersion = .automatic
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Transport.watchesPerClient
        }
        configuration.http1_1ConnectionDebugInitializer = Self.prepare
        configuration.http2ConnectionDebugInitializer = { channel in
            Self.prepare(channel).flatMapThrowing {
                let pipeline = channel.pipeline.syncOperations
                let frames = try pipeline.handler(type: NIOHTTP2Handler.self)
                try pipeline.addHandler(ConnectionPulse(silence: TimeAmount(silence)), position: .after(frames))
            }
        }
        http = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
        generation = credentials.generation
        trust = credentials.trust
    }

    deinit {
        // The library insists on a shutdown before its client goes away.
        if !state.withLock({ $0.isShutDown }) { _ = http.shutdown() }
    }

    var users: Int { state.withLock { $0.users } }

    func use() { state.withLock { $0.users += 1 } }

    func giveBack() {
        let isOver = state.withLock { state in
            state.users -= 1
            return Self.markForShutdown(&state, when: state.isRetired && state.users == 0)
        }
        if isOver { _ = http.shutdown() }
    }

    /// Refuses new calls. `endingCalls` also ends the calls under way.
    func retire(endingCalls: Bool) {
        let isOver = state.withLock { state in
            state.isRetired = true
            return Self.markForShutdown(&state, when: endingCalls || state.users == 0)
        }
        if isOver { _ = http.shutdown() }
    }

    private static func markForShutdown(_ state: inout State, when condition: Bool) -> Bool {
        guard condition, !state.isShutDown else { return false }
        state.isShutDown = true
        return true
    }

    /// Lets the kernel detect a vanished peer within about a minute, on idle connections too, and keeps the channel's buffers small.
    @Sendable private static func prepare(_ channel: any Channel) -> EventLoopFuture<Void> {
        let options: [(ChannelOptions.Types.SocketOption, SocketOptionValue)] = [
            (ChannelOptions.socketOption(.so_keepalive), 1),
            (ChannelOptions.tcpOption(.init(rawValue: TCP_KEEPIDLE)), 30),
            (ChannelOptions.tcpOption(.init(rawValue: TCP_KEEPINTVL)), 10),
            (ChannelOptions.tcpOption(.init(rawValue: TCP_KEEPCNT)), 3),
            (ChannelOptions.tcpOption(.init(rawValue: TCP_USER_TIMEOUT)), 30_000),
        ]
        var settings = options.map { channel.setOption($0.0, value: $0.1) }
        // TLS and HTTP/2 collect all that one turn reads, in buffers that never become smaller.
        settings.append(channel.setOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 16384)))
        settings.append(channel.setOption(.maxMessagesPerRead, value: 4))
        // Other sockets than TCP lack these options and work all the same.
        return EventLoopFuture.whenAllComplete(settings, on: channel.eventLoop).map { _ in }
    }
}
