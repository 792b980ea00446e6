import AsyncHTTPClient
import HTTPUpgrade
import HummingbirdCore
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// Passes requests on to nodes with the API server's own client certificate.
struct NodeGateway: Sendable {
    let client: HTTPClient
    let tls: NIOSSLContext
    let group: any EventLoopGroup
    let logger: Logger

    func address(of pod: JSONValue, _ store: isolated ObjectStore) throws -> NodeAddress {
        let name = pod.text("spec", "nodeName")
        guard !name.isEmpty else { throw APIError.badRequest("pod \(pod.name) does not have a host assigned") }
        guard let node = store.get(.nodes, ObjectKey(namespace: "", name: name)) else {
            throw APIError.badGateway("pod \(pod.name) is on node \(name), which is not registered")
        }
        return try NodeAddress(node)
    }

    func logs(of pod: JSONValue, _ query: QueryItems, _ store: ObjectStore, _ channel: any Channel) async throws -> APIResponse {
        let container = try PodContainer.name(in: pod, wanted: query["container"])
        let address = try await store.transaction { try self.address(of: pod, $0) }
        let path = "/containerLogs/\(pod.namespace)/\(pod.name)/\(container)"
        return try await get(address, path, query.encoded(without: ["container", "insecureSkipTLSVerifyBackend", "pretty"]), channel)
    }

    func proxy(to node: JSONValue, path: String, _ query: QueryItems, _ channel: any Channel) async throws -> APIResponse {
        try await get(try NodeAddress(node), path, query.encoded(), channel)
    }

    private func get(_ node: NodeAddress, _ path: String, _ query: String, _ channel: any Channel) async throws -> APIResponse {
        let request = HTTPClientRequest(url: "https://\(node.urlHost):\(node.port)\(path)\(query.isEmpty ? "" : "?\(query)")")
        let response: HTTPClientResponse
        do {
            response = try await client.execute(request, timeout: .hours(24))
        } catch {
            throw APIError.badGateway("node \(node.name) does not answer at \(node.urlHost):\(node.port)\(path): \(error)")
        }
        let type = response.headers.first(name: "content-type") ?? "text/plain"
        guard response.status == .ok else {
            let body = (try? await response.body.collect(upTo: 64 * 1024)) ?? ByteBuffer()
            // Kubernetes passes the node's words on inside a Status.
            var text = String(buffer: body).trimmingSpace
            if let status = try? JSONParser.parse(text), !status.text("message").isEmpty { text = status.text("message") }
            throw APIError(
                code: Int(response.status.code),
                reason: response.status == .notFound ? "NotFound" : response.status == .badRequest ? "BadRequest" : "InternalError",
                message: text.isEmpty ? "node \(node.name) answers \(response.status)" : text)
        }
        return .stream(200, contentType: type) { writer in
            let (closed, close) = AsyncStream.makeStream(of: Void.self)
            channel.closeFuture.whenComplete { _ in close.finish() }
            try await writer.write(ByteBuffer())
            // A client that goes away ends the request to the node, also while nothing is logged.
            try await LogRelay.relay(response.body, until: closed, close, to: &writer, channel.eventLoop)
        }
    }
}
