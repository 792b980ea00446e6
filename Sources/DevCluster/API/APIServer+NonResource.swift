import KubeModel
import NIOCore

extension APIServer {
    /// Health, version, discovery and schemas.
    func nonResource(_ request: APIRequest) throws -> APIResponse {
        let path = request.path.count > 1 && request.path.hasSuffix("/") ? String(request.path.dropLast()) : request.path
        switch path {
        case "/healthz", "/livez", "/readyz": return .text(200, "ok")
        case "/version": return .ok(Discovery.version)
        case "/", "":
            return .ok(["paths": .array(["/api", "/api/v1", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"])])
        case "/api": return .ok(Discovery.coreVersions)
        case "/apis": return .ok(Discovery.groups)
        case "/openapi/v2":
            if request.accept.contains("proto-openapi") {
                return .bytes(200, contentType: OpenAPI.v2ProtobufType, ByteBuffer(bytes: OpenAPI.v2Protobuf))
            }
            return .ok(OpenAPI.v2)
        case "/openapi/v3": return .ok(OpenAPI.index)
        default: break
        }
        if path.hasPrefix("/openapi/v3/"), let document = OpenAPI.document(String(path.dropFirst("/openapi/v3/".count))) { return .ok(document) }
        if ["/healthz/", "/livez/", "/readyz/"].contains(where: { path.hasPrefix($0) }) { return .text(200, "ok") }
        if let answer = Discovery.resources(path: path) { return .ok(answer) }
        throw APIError.noSuchPath
    }
}
