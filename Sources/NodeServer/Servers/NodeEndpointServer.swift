package import CoreMetrics
import HTTPTypes
import HTTPUpgrade
import HummingbirdCore
import KubeModel
package import Logging
package import NIOCore
import NIOHTTP1
package import PodCore
import ServiceLifecycle
package import Timing

/// The node's HTTPS endpoint (port 10250): every request is authenticated and authorised, then answered from the ports.
package struct NodeEndpointServer: ServiceLifecycle.Service {
    /// Go's limit for a request head, which clients of kubelet may rely on.
    private static let longestHead = 1 << 20

    private let address: ListenAddress
    private let credentials: ServingCredentials
    private let access: AccessControl
    private let routes: NodeRoutes
    private let streams: StreamUpgrade
    private let forwards: PortForwardUpgrade
    private let stopDeadline: TimeAmount
    private let servesDebuggingPaths: Bool
    private let meter: RequestMeter
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress?) async -> Void
    private let onConnectionEnd: @Sendable () -> Void

    /// - Parameters:
    ///   - ports: of the sandboxes, for port-forward.
    ///   - pages: the agent's own figures.
    ///   - statistics: the node's measured figures.
    ///   - systemLogs: the node's own logs; `nil` where they are not offered.
    ///   - nodePage: the page about the node; likewise.
    ///   - servesDebuggingPaths: false closes ``DebuggingPaths`` to every caller who has a right to them.
    ///   - nodeName: in the answers that name the node.
    ///   - metrics: where requests are counted.
    ///   - streamTimes: how long clients of exec, attach and port-forward may take.
    ///   - onListening: called with the bound address once connections are accepted.
    ///   - onConnectionEnd: called at the end of each connection.
    package init(
        address: ListenAddress, credentials: ServingCredentials, access: AccessControl, view: any NodeView, runtime: any ContainerRuntime,
        ports: any SandboxPorts, pages: (any NodePages)? = nil, statistics: (any NodeStatisticsSource)? = nil,
        systemLogs: SystemLogs? = nil, nodePage: NodePageAnswer? = nil, servesDebuggingPaths: Bool = true, nodeName: String = "",
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, streamTimes: StreamTimes = StreamTimes(), time: any TimeSource, logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) async -> Void = { _ in }, onConnectionEnd: @escaping @Sendable () -> Void = {}
    ) {
        self.address = address
        self.credentials = credentials
        self.access = access
        self.routes = NodeRoutes(
            view: view, runtime: runtime, pages: pages, time: time, statistics: statistics,
            systemLogs: systemLogs, nodePage: nodePage, nodeName: nodeName)
        self.streams = StreamUpgrade(view: view, runtime: runtime, times: streamTimes, logger: logger)
        self.forwards = PortForwardUpgrade(view: view, ports: ports, times: streamTimes, logger: logger)
        self.stopDeadline = streamTimes.stop
        self.servesDebuggingPaths = servesDebuggingPaths
        self.meter = RequestMeter(metrics, time: time)
        self.logger = logger
        self.onListening = onListening
        self.onConnectionEnd = onConnectionEnd
    }

    /// Serves until graceful shutdown. Throws ``NodeServerError`` when it cannot listen.
    package func run() async throws {
        let peer = PeerIdentity(credentials: credentials)
        let limits = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: Self.longestHead, maxHeaderListSize: Self.longestHead, maxHeaderFieldCount: 1000)
        let http = HTTP1Channel.Configuration(idleTimeout: .seconds(90), httpDecoderConfiguration: limits)
        let builder = HTTPServerBuilder { responder in
            ServingTLSChannel(
                base: UpgradableHTTP1Channel(http: HTTP1Channel(responder: responder, configuration: http)) { request in
                    let decision = await decide(request, peer: peer)
                    return meter.metered(decision, method: request.head.method.rawValue, uri: request.head.uri)
                },
                credentials: credentials, stopDeadline: stopDeadline, onEnd: onConnectionEnd)
        }
        let server = ListeningServer(
            name: "node's HTTPS endpoint", address: address, builder: builder, logger: logger,
            answer: { request, channel in
                guard let target = RequestTarget(uri: request.uri.string) else { return .text(.badRequest, "the request's path cannot be decoded\n") }
                let credentials = RequestCredentials(
                    certificateUser: await peer.user(of: channel),
                    bearerToken: RequestCredentials.bearerToken(authorization: request.headers[.authorization]))
                let method = request.method.rawValue
                let user = try await access.admit(method: method, segments: target.segments, credentials: credentials)
                if !servesDebuggingPaths, let refusal = DebuggingPaths.refusal(target.segments) { return refusal }
                if case .run(let pod) = EndpointPath(target.segments) {
                    note("run", by: user, pod)
                    return try await request.whileClientStays { try await routes.answer(method: method, target: target) }
                }
                return try await routes.answer(method: method, target: target)
            },
            meter: meter, onListening: { await onListening($0.localAddress) })
        try await server.run()
    }

    /// Everything except exec, attach and port-forward is left to HTTP, where it is authenticated in the same way. Where these are closed, HTTP
    /// refuses them, too.
    private func decide(_ request: UpgradeRequest, peer: PeerIdentity) async -> UpgradeDecision {
        guard servesDebuggingPaths, let target = RequestTarget(uri: request.head.uri), request.head.method == .GET || request.head.method == .POST
        else {
            return .serveAsHTTP
        }
        let kind: String
        let address: EndpointPath.PodAddress
        let path = EndpointPath(target.segments)
        switch path {
        case .stream(let stream, let pod): (kind, address) = (stream.rawValue, pod)
        case .portForward(let pod): (kind, address) = ("portForward", pod)
        default: return .serveAsHTTP
        }
        let credentials = RequestCredentials(
            certificateUser: await peer.user(of: request.channel),
            bearerToken: RequestCredentials.bearerToken(authorization: request.head.headers.first(name: "authorization")))
        do {
            let user = try await access.admit(method: request.head.method.rawValue, segments: target.segments, credentials: credentials)
            note(kind, by: user, address)
        } catch {
            return .refuse(UpgradeRefusal(error))
        }
        if case .stream(let stream, let pod) = path { return await streams.decide(stream, request, address: pod, target: target) }
        return await forwards.decide(request, address: address, target: target)
    }

    private func note(_ kind: String, by user: UserInfo, _ address: EndpointPath.PodAddress) {
        logger.info(
            "Stream requested",
            metadata: [
                "kind": "\(kind)", "user": "\(user.username ?? "")", "namespace": "\(address.namespace)", "pod": "\(address.pod)",
                "container": "\(address.container)",
            ])
    }
}
