import HTTPTypes
import HummingbirdCore
import NIOCore

/// An upgrade that a connection's first request did not ask for, or that comes with a body.
///
/// NIO's HTTP decoder expects another protocol after it and reads no further request, so the connection has to end with the answer.
enum LateUpgrade {
    /// A responder that refuses late upgrades and leaves every other request to `responder`.
    static func refused(before responder: @escaping HTTP1Channel.Responder) -> HTTP1Channel.Responder {
        { request, writer, channel in
            guard isAskedFor(by: request.headers) else { return try await responder(request, writer, channel) }
            let error = UpgradeError(.notFirstRequest, "an upgrade has to be the first request of its connection, by HTTP/1.1 and without a body")
            let body = ByteBuffer(string: error.description + "\n")
            let fields: HTTPFields = [.contentType: "text/plain; charset=utf-8", .contentLength: "\(body.readableBytes)", .connection: "close"]
            try await writer.write(response: HTTPResponse(status: .badRequest, headerFields: fields), body: ResponseBody(byteBuffer: body))
            // Hummingbird closes a connection whose responder throws.
            throw error
        }
    }

    private static func isAskedFor(by headers: HTTPFields) -> Bool {
        guard headers.contains(.upgrade) else { return false }
        let options = headers[values: .connection].flatMap { $0.split(separator: ",") }
        return options.contains { $0.lowercased().filter { $0 != " " && $0 != "\t" } == "upgrade" }
    }
}
