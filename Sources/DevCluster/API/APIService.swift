import HTTPTypes
import HTTPUpgrade
import HummingbirdCore
import HummingbirdTLS
import KubeModel
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL
import ServiceLifecycle

/// HTTP in front of ``APIServer``: reads requests, finds out who sends them, writes answers.
struct APIService: Sendable {
    let api: APIServer
    /// Bodies over this are refused, as by an API server.
    static let largestBody = 3 * 1024 * 1024

    func responder(_ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        let (answer, isHead) = (await answer(request, channel), request.method == .head)
        switch answer {
        case .json(let status, let value):
            try await Self.write(status, "application/json", ByteBuffer(bytes: JSONWriter.bytes(value) + [0x0A]), isHead, writer)
        case .bytes(let status, let type, let body):
            try await Self.write(status, type, body, isHead, writer)
        case .stream(let status, let type, let body):
            let head = HTTPResponse(status: .init(code: status), headerFields: [.contentType: type])
            var bodyWriter: any ResponseBodyWriter = try await writer.writeHead(head)
            try await body(&bodyWriter)
            try await bodyWriter.finish(nil)
        }
    }

    private static func write(_ status: Int, _ type: String, _ body: ByteBuffer, _ isHead: Bool, _ writer: consuming ResponseWriter) async throws {
        let head = HTTPResponse(
            status: .init(code: status),
            headerFields: [.contentType: type, .contentLength: String(body.readableBytes), .cacheControl: "no-cache, private"])
        try await writer.write(response: head, body: isHead ? ResponseBody() : ResponseBody(byteBuffer: body))
    }

    private func answer(_ request: Request, _ channel: any Channel) async -> APIResponse {
        do {
            let authorization = request.headers[.authorization]
            let certificate = try? await channel.nioSSL_peerCertificate().get()
            let identity = try await api.store.transaction { [api] store in
                try api.authenticator.identify(certificate: certificate, authorization: authorization, store)
            }
            var request = request
            let body: ByteBuffer
            do {
                body = try await request.collectBody(upTo: Self.largestBody)
            } catch is NIOTooManyBytesError {
                throw APIError(code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(Self.largestBody)")
            }
            return await api.answer(
                APIRequest(
                    method: request.method.rawValue, path: request.uri.path, query: QueryItems(request.uri.query ?? ""),
                    accept: request.headers[.accept] ?? "", contentType: request.headers[.contentType] ?? "application/json", body: body,
                    identity: identity, channel: channel))
        } catch {
            return .error(error)
        }
    }

    /// The decision about exec, attach and port-forward connections.
    func upgrade(_ request: UpgradeRequest) async throws -> UpgradeDecision {
        let parts = request.head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = QueryItems(parts.count > 1 ? String(parts[1]) : "")
        guard let info = RequestInfo(method: request.head.method.rawValue, path: String(parts[0]), query: query), info.type == .pods,
            let stream = NodeStream(rawValue: info.subresource)
        else { return .serveAsHTTP }
        do {
            return try await connect(stream, info, query, request)
        } catch {
            let failure = error as? APIError ?? .internalError("\(error)")
            return .refuse(
                UpgradeRefusal(
                    status: HTTPResponseStatus(statusCode: failure.code), headers: ["Content-Type": "application/json"],
                    body: ByteBuffer(bytes: JSONWriter.bytes(failure.status) + [0x0A])))
        }
    }

    private func connect(_ stream: NodeStream, _ info: RequestInfo, _ query: QueryItems, _ request: UpgradeRequest) async throws -> UpgradeDecision {
        let authorization = request.head.headers.first(name: "authorization")
        let access = try api.accessAttributes(info, query)
        let (pod, address) = try await api.store.transaction { [api] store in
            let identity = try api.authenticator.identify(certificate: request.peerCertificate, authorization: authorization, store)
            guard api.authorizer.allows(identity, access, store) else { throw APIError.forbidden(identity, access) }
            let pod = try store.require(.pods, ObjectKey(namespace: info.namespace, name: info.name))
            return (pod, try api.nodes.address(of: pod, store))
        }
        return try await api.nodes.connect(stream, pod: pod, to: address, query, request)
    }
}
