import FoundationEssentials
import HTTPTypes
import HTTPUpgrade
import HummingbirdCore
import KubeModel
package import Logging
import NIOCore
import NIOHTTP1
package import PodCore
import ServiceLifecycle
import Synchronization
package import Timing

/// Serves the operators' commands: HTTP with JSON over a unix socket that only root may use. It needs no review, so
/// it works while the API server is away.
package struct AdminServer: ServiceLifecycle.Service {
    private let file: SocketFile
    private let view: any NodeView
    private let proxy: (any ProxyView)?
    private let images: (any ImageOffice)?
    private let network: (any NetworkView)?
    private let nodePage: NodePageAnswer?
    private let routes: NodeRoutes
    private let streams: StreamUpgrade
    private let logger: Logger
    private let onListening: @Sendable () async -> Void

    /// - Parameters:
    ///   - path: of the socket; its directory exists.
    ///   - proxy: absent when this agent programs no Services.
    ///   - images: absent when this agent has no images of its own.
    ///   - network: absent when this agent has no pod network of its own.
    ///   - nodePage: the page about the node.
    package init(
        path: String, view: any NodeView, runtime: any ContainerRuntime, proxy: (any ProxyView)?, images: (any ImageOffice)? = nil,
        network: (any NetworkView)? = nil, nodePage: NodePageAnswer? = nil, time: any TimeSource,
        logger: Logger, onListening: @escaping @Sendable () async -> Void = {}
    ) {
        self.file = SocketFile(path: path)
        self.view = view
        self.proxy = proxy
        self.images = images
        self.network = network
        self.nodePage = nodePage
        self.routes = NodeRoutes(view: view, runtime: runtime, time: time)
        self.streams = StreamUpgrade(view: view, runtime: runtime, logger: logger)
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown, then removes the socket. Throws ``NodeServerError`` when it cannot listen.
    package func run() async throws {
        try await file.checkFree()
        let builder = HTTPServerBuilder { responder in
            LocalPeerChannel(
                base: UpgradableHTTP1Channel(http: HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(90)))) { request in
                    guard let target = RequestTarget(uri: request.head.uri), case .exec(let pod) = AdminPath(target.segments) else {
                        return .serveAsHTTP
                    }
                    let headers = request.head.headers
                    if let refusal = BrowserRefusal.refusal(host: headers.first(name: "host"), origin: headers.first(name: "origin")) {
                        return .refuse(UpgradeRefusal(refusal))
                    }
                    return await streams.decide(.exec, request, address: pod, target: target)
                })
        }
        let identity = Mutex<UInt64?>(nil)
        let server = ListeningServer(
            name: "operators' commands", address: .unix(path: file.path), builder: builder, logger: logger,
            answer: { request, _ in try await answer(request) },
            onListening: { channel in
                do {
                    // Until here the file has the mode that the umask gave it; LocalPeerChannel guards that moment.
                    try file.restrict()
                    identity.withLock { $0 = file.identity() }
                    await onListening()
                } catch {
                    logger.error("Operators' socket cannot be restricted to root", metadata: ["error": "\(error)"])
                    channel.close(promise: nil)
                }
            })
        defer { file.remove(ifStill: identity.withLock { $0 }) }
        try await server.run()
    }

    private func answer(_ request: Request) async throws -> HTTPAnswer {
        if let refusal = BrowserRefusal.refusal(host: request.head.authority, origin: request.headers[.origin]) { throw refusal }
        guard let target = RequestTarget(uri: request.uri.string) else { return .text(.badRequest, "the request's path cannot be decoded\n") }
        let path = AdminPath(target.segments)
        if path == .images { return try await work(request) }
        if path == .networkCheck { return try await checkNetwork(request) }
        guard request.method == .get else { return .methodNotAllowed("GET") }
        switch path {
        case .summary: return try .json(await view.summary())
        case .pods: return try await routes.pods()
        case .health: return try .json(await view.health())
        case .logs(let pod): return try await routes.log(pod, target: target)
        case .exec: return .text(.badRequest, "Upgrade request required: exec is spoken over SPDY/3.1 and WebSocket (\(StreamProtocol.names))\n")
        case .proxyServices:
            guard let proxy else { return .text(.notFound, "this agent programs no Services\n") }
            return try .json(await proxy.snapshot())
        case .proxyRules:
            guard let proxy else { return .text(.notFound, "this agent programs no Services\n") }
            return .text(.ok, await proxy.rules())
        case .proxyService(let key):
            guard let proxy else { return .text(.notFound, "this agent programs no Services\n") }
            guard let text = await proxy.explanation(of: key, port: target.value("port"), from: target.value("from")) else {
                return .text(.notFound, "no Service \(key) is known on this node ('swiftlet proxy ls' lists them)\n")
            }
            return .text(.ok, text)
        case .network:
            guard let network else { return Self.noNetwork }
            return try .json(await network.attachments())
        case .nodePage(let page):
            guard let nodePage else { return .notFound }
            return try await nodePage.answer(page, target: target)
        case .images, .networkCheck, .other: return .notFound
        }
    }

    private static let noNetwork = HTTPAnswer.text(.notFound, "this agent has no pod network of its own\n")

    /// Looks at the network (GET), or repairs it as well (POST).
    private func checkNetwork(_ request: Request) async throws -> HTTPAnswer {
        guard let network else { return Self.noNetwork }
        switch request.method {
        case .get: return try .json(await network.check(fix: false))
        case .post: return try .json(await network.check(fix: true))
        default: return .methodNotAllowed("GET, POST")
        }
    }

    /// Performs a piece of work on images and answers when it is done.
    private func work(_ request: Request) async throws -> HTTPAnswer {
        guard request.method == .post else { return .methodNotAllowed("POST") }
        guard let images else { return .text(.notFound, "this agent has no images of its own\n") }
        let body = try await request.body.collect(upTo: 64 << 10)
        guard let work = try? JSONDecoder().decode(ImageRequest.self, from: Data(body.readableBytesView)) else {
            return .text(.badRequest, "the request cannot be read (another version of swiftlet?)\n")
        }
        let answer: ImageAnswer
        do throws(ImageFailure) {
            answer = try await images.perform(work)
        } catch {
            return .text(error.code == .invalidName ? .badRequest : .internalServerError, error.message + "\n")
        }
        return try .json(answer)
    }
}
