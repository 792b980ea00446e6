import AsyncHTTPClient
import LinuxSystem
import NIOCore
import Synchronization

/// The HTTP clients for registries: one for each proxy and one for direct connections, made when they are needed.
final class RegistryClients: Sendable {
    private let proxies: RegistryProxies
    private let timing: RegistryTiming
    private let clients = Mutex<[RegistryProxy?: HTTPClient]>([:])

    init(proxies: RegistryProxies, timing: RegistryTiming) {
        self.proxies = proxies
        self.timing = timing
    }

    func client(for url: RegistryURL) throws(ImageStoreError) -> HTTPClient {
        let proxy = try proxies.proxy(for: url)
        return clients.withLock { clients in
            if let known = clients[proxy] { return known }
            let made = HTTPClient(configuration: configuration(proxy))
            clients[proxy] = made
            return made
        }
    }

    /// Closes all connections. Requests that are under way fail.
    func shutdown() async {
        for client in clients.withLock({ $0 }).values { try? await client.shutdown() }
    }

    private func configuration(_ proxy: RegistryProxy?) -> HTTPClient.Configuration {
        var http = HTTPClient.Configuration(redirectConfiguration: .disallow)
        http.timeout = .init(connect: .nanoseconds(timing.connect.nanoseconds), read: .nanoseconds(timing.stall.nanoseconds))
        // The node's settings limit pulls. A request that had to wait for a connection would fail as if the registry were away.
        http.connectionPool = .init(idleTimeout: .seconds(10), concurrentHTTP1ConnectionsPerHostSoftLimit: 1024)
        // A registry that is away is reported at once; the pod's back-off tries again.
        http.connectionPool.retryConnectionEstablishment = false
        http.httpVersion = .http1Only
        http.proxy = proxy.map { proxy -> HTTPClient.Configuration.Proxy in
            switch proxy.kind {
            case .http:
                .server(
                    host: proxy.host, port: proxy.port,
                    authorization: proxy.login.map { .basic(username: $0.username, password: $0.password) })
            case .socks: .socksServer(host: proxy.host, port: proxy.port)
            }
        }
        return http
    }
}
