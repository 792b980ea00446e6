import NIOCore
import NIOPosix

/// Ports of this machine.
enum Loopback {
    /// A port at which nothing listens.
    static func freePort() async throws -> Int {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        try await channel.close()
        return port
    }

    /// Gives the body a port whose queue is full: the kernel answers no attempt to connect.
    static func withDeafPort(_ body: (Int) async throws -> Void) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let server = try await ServerBootstrap(group: group).serverChannelOption(.backlog, value: 0).serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        let waiting = try await ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port).get()
        do {
            try await body(port)
        } catch {
            try? await waiting.close()
            try? await server.close()
            throw error
        }
        try await waiting.close()
        try await server.close()
    }

    static var hasIPv6: Bool {
        get async {
            guard let channel = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "::1", port: 0).get() else {
                return false
            }
            try? await channel.close()
            return true
        }
    }
}
