import HTTPUpgrade
import KubeModel
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

extension NodeGateway {
    /// Asks the node for the same upgrade and, when it agrees, connects both sides byte for byte.
    func connect(_ stream: NodeStream, pod: JSONValue, to node: NodeAddress, _ query: QueryItems, _ request: UpgradeRequest) async throws
        -> UpgradeDecision
    {
        if request.asks(for: "websocket"), !node.takesWebSockets {
            let wanted = request.head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
            // These older protocols every node speaks; the newer ones an API server would translate to SPDY.
            let older = ["", "channel.k8s.io", "base64.channel.k8s.io", "v4.channel.k8s.io", "v4.base64.channel.k8s.io"]
            guard stream != .portforward, wanted.isEmpty || wanted.contains(where: older.contains) else {
                throw APIError.badRequest(
                    "node \(node.name) does not declare ExtendWebSocketsToKubelet, and swiftlet-devcluster does not translate WebSocket \(wanted.joined(separator: ", ")) to SPDY: use SPDY/3.1"
                )
            }
        }
        let target = try stream.target(pod, query)
        let gate: NodeResponseGate
        let channel: any Channel
        do {
            (channel, gate) = try await dial(node)
        } catch {
            throw APIError.badGateway("cannot connect to node \(node.name) at \(node.urlHost):\(node.port): \(error)")
        }
        do {
            let answer = try await gate.ask(channel, Self.head(target, node, request.head))
            guard answer.status == .switchingProtocols else {
                channel.close(promise: nil)
                return .refuse(UpgradeRefusal(status: answer.status, headers: answer.headers, body: answer.body))
            }
            let node = channel
            return .takeOver(
                .bytes(headers: answer.headers) { client in
                    await ByteRelay.run(client, node, gate)
                })
        } catch {
            channel.close(promise: nil)
            throw APIError.badGateway("node \(node.name) did not answer the upgrade: \(error)")
        }
    }

    private func dial(_ node: NodeAddress) async throws -> (any Channel, NodeResponseGate) {
        let gate = NodeResponseGate()
        let tls = tls
        let channel = try await ClientBootstrap(group: group)
            .connectTimeout(.seconds(10))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([NIOSSLClientHandler(context: tls, serverHostname: nil), gate.handler()])
                }
            }
            .connect(host: node.host, port: node.port).get()
        return (channel, gate)
    }

    /// The client's request as the node gets it: another path, and without the client's credentials.
    private static func head(_ target: String, _ node: NodeAddress, _ original: HTTPRequestHead) -> ByteBuffer {
        var bytes = ByteBuffer(string: "\(original.method.rawValue) \(target) HTTP/1.1\r\nHost: \(node.urlHost):\(node.port)\r\n")
        for (name, value) in original.headers where !["host", "authorization", "content-length"].contains(name.lowercased()) {
            bytes.writeString("\(name): \(value)\r\n")
        }
        if original.method == .POST { bytes.writeString("Content-Length: 0\r\n") }
        bytes.writeString("\r\n")
        return bytes
    }
}
