import HTTPTypes
import HummingbirdCore
import KubeModel
import NIOCore

/// The answer to a request.
enum APIResponse: Sendable {
    case json(Int, JSONValue)
    case bytes(Int, contentType: String, ByteBuffer)
    /// A body that is written as it comes.
    case stream(Int, contentType: String, @Sendable (inout any ResponseBodyWriter) async throws -> Void)

    static func ok(_ value: JSONValue) -> APIResponse { .json(200, value) }

    static func text(_ status: Int, _ text: String) -> APIResponse {
        .bytes(status, contentType: "text/plain; charset=utf-8", ByteBuffer(string: text))
    }

    static func error(_ error: any Error) -> APIResponse {
        let failure = error as? APIError ?? .internalError("\(error)")
        return .json(failure.code, failure.status)
    }
}
