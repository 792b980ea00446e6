import HTTPTypes
import HTTPUpgrade
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import PodCore
import SPDY

/// Decides about a request for port-forward and connects the client with the pod.
struct PortForwardUpgrade: Sendable {
    private static let version = "portforward.k8s.io"
    /// SPDY in the messages of a WebSocket: an API server passes it on to nodes that declare `ExtendWebSocketsToKubelet`.
    private static let tunnelled = "SPDY/3.1+" + version
    private static let channels: [StreamProtocol] = [.v4, .v4Base64, .unnamed]

    let view: any NodeView
    let ports: any SandboxPorts
    let times: StreamTimes
    let logger: Logger

    func decide(_ request: UpgradeRequest, address: EndpointPath.PodAddress, target: RequestTarget) async -> UpgradeDecision {
        do throws(Refusal) {
            let head = request.head
            guard request.asks(for: "websocket") else {
                let forward = SPDYPortForward(forwarder: try await forwarder(address), times: times, logger: logger)
                guard request.asks(for: SPDYHandshake.token) else {
                    throw Refusal(
                        .badRequest,
                        "unable to upgrade: found \(request.protocols.joined(separator: ", ")), this node forwards ports over "
                            + "\(SPDYHandshake.token) and websocket\n")
                }
                let version = try SPDYHandshake.negotiate(head, supported: [Self.version])
                return .takeOver(spdy(SPDYHandshake.accept(version), forward, isTunnelled: false))
            }
            let offers = head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
            if offers.contains(Self.tunnelled) {
                let forward = SPDYPortForward(forwarder: try await forwarder(address), times: times, logger: logger)
                return .takeOver(spdy(try WebSocketHandshake.accept(head, subprotocol: Self.tunnelled), forward, isTunnelled: true))
            }
            let options = try PortForwardOptions(target)
            let forwarder = try await forwarder(address)
            guard let version = StreamProtocol.negotiate(offers: offers), Self.channels.contains(version) else {
                let names = [Self.tunnelled] + Self.channels.map(\.rawValue).filter { !$0.isEmpty }
                throw Refusal(
                    .badRequest,
                    "requested protocol(s) are not supported: \(offers.joined(separator: ", ")); supports \(names.joined(separator: ", "))\n")
            }
            let headers = try WebSocketHandshake.accept(head, subprotocol: version.rawValue)
            let forward = WebSocketPortForward(
                forwarder: forwarder, ports: options.ports, codec: StreamMessageCodec(version), times: times, logger: logger)
            return .takeOver(webSocket(headers, forward))
        } catch {
            return .refuse(.status(error))
        }
    }

    private func forwarder(_ address: EndpointPath.PodAddress) async throws(Refusal) -> PortForwarder {
        let pod = await view.pods().first { $0.name == address.pod && $0.namespace == address.namespace }
        guard let pod else { throw Refusal(.notFound, "pod does not exist\n") }
        guard address.uid == nil || address.uid == pod.uid else { throw Refusal(.notFound, "pod not found\n") }
        let sandboxID: String
        do {
            sandboxID = try await view.sandbox(ofPod: address.key, uid: address.uid)
        } catch {
            throw Refusal(error.code == .notFound ? .notFound : .badRequest, error.message + "\n")
        }
        let known = EndpointPath.PodAddress(namespace: address.namespace, pod: address.pod, uid: pod.uid)
        return PortForwarder(ports: ports, sandboxID: sandboxID, pod: known, logger: logger)
    }

    private func spdy(_ headers: HTTPHeaders, _ forward: SPDYPortForward, isTunnelled: Bool) -> UpgradeTakeover {
        UpgradeTakeover(headers: headers) { [times] channel in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandlers([IdleStateHandler(allTimeout: times.idle), CloseOnIdle()])
            if isTunnelled {
                _ = try WebSocketChannel.addHandlers(to: channel)
                try pipeline.addHandler(WebSocketTunnel())
            }
            let connection = try SPDYChannel.wrap(channel)
            return { await forward.run(connection) }
        }
    }

    private func webSocket(_ headers: HTTPHeaders, _ forward: WebSocketPortForward) -> UpgradeTakeover {
        UpgradeTakeover(headers: headers) { [times] channel in
            try channel.pipeline.syncOperations.addHandler(IdleStateHandler(allTimeout: times.idle))
            _ = try WebSocketChannel.addHandlers(to: channel)
            let connection = try WebSocketChannel.wrap(channel)
            return { await forward.run(connection) }
        }
    }
}
