import NIOCore
import NIOPosix

/// Runs `body`, then ends a server and its threads. An error of `body` goes before one of the end.
func whileListening<R>(_ channel: any Channel, _ group: MultiThreadedEventLoopGroup, _ body: () async throws -> R) async throws -> R {
    do {
        let result = try await body()
        try await channel.close()
        try await group.shutdownGracefully()
        return result
    } catch {
        try? await channel.close()
        try? await group.shutdownGracefully()
        throw error
    }
}
