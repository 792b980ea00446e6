import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import TestSupport

/// An HTTP server on loopback whose answers come from the test's closure.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        let method: String
        let path: String
        let query: [String: String]
        let headers: HTTPHeaders
        let body: String
    }

    enum Step: Sendable {
        case head(Int, [(String, String)])
        case chunk(String)
        /// Ends the answer in good order.
        case end
        /// Cuts the connection.
        case cut
        /// Sends nothing more; the connection stays open until the client or the test ends it.
        case hang
        /// Waits for the test, then goes on.
        case wait(Turnstile)
    }

    typealias Script = @Sendable (Request) async -> [Step]

    private let channel: any Channel
    private let log: Mutex<[Request]>
    let scheme: String
    private let children = Mutex<[any Channel]>([])

    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "\(scheme)://127.0.0.1:\(port)" }
    var requests: [Request] { log.withLock { $0 } }

    static func with<Result: Sendable>(
        tls: TLSConfiguration? = nil, _ script: @escaping Script, _ body: (ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = try await ScriptedServer(tls: tls, script: script)
        do {
            let result = try await body(server)
            try await server.stop()
            return result
        } catch {
            try? await server.stop()
            throw error
        }
    }

    private init(tls: TLSConfiguration?, script: @escaping Script) async throws {
        scheme = tls == nil ? "http" : "https"
        log = Mutex([])
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let record = RequestRecord()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(ScriptHandler(script: script, record: record))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        record.bind { [self] request in
            log.withLock { $0.append(request) }
        } opened: { [self] channel in
            children.withLock { $0.append(channel) }
        }
    }

    private func stop() async throws {
        for child in children.withLock({ $0 }) { child.close(mode: .all, promise: nil) }
        try await channel.close()
    }
}

/// Lets the handlers, which exist before the server is complete, report to it.
final class RequestRecord: Sendable {
    private struct Sinks {
        var request: (@Sendable (ScriptedServer.Request) -> Void)?
        var opened: (@Sendable (any Channel) -> Void)?
    }

    private let sinks = Mutex(Sinks())

    func bind(_ request: @escaping @Sendable (ScriptedServer.Request) -> Void, opened: @escaping @Sendable (any Channel) -> Void) {
        sinks.withLock { $0 = Sinks(request: request, opened: opened) }
    }

    func add(_ request: ScriptedServer.Request) { sinks.withLock { $0.request }?(request) }
    func opened(_ channel: any Channel) { sinks.withLock { $0.opened }?(channel) }
}
