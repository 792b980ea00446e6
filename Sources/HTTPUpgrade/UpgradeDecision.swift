package import NIOCore
package import NIOHTTP1

/// The decision about a request for another protocol.
package enum UpgradeDecision: Sendable {
    /// Ignore the `Upgrade` header: the request goes to the ordinary HTTP responder without its `Upgrade` header, the connection stays HTTP/1.1.
    case serveAsHTTP
    /// Refuse with this response; the connection is closed after it.
    case refuse(UpgradeRefusal)
    /// Answer 101 and leave HTTP.
    case takeOver(UpgradeTakeover)
}

/// Decides about one request. An error that it throws is answered with 500 and the error's description.
package typealias UpgradeHook = @Sendable (UpgradeRequest) async throws -> UpgradeDecision

/// An ordinary HTTP response in place of an upgrade. `Content-Length` and `Connection: close` are added.
package struct UpgradeRefusal: Sendable {
    package var status: HTTPResponseStatus
    package var headers: HTTPHeaders
    package var body: ByteBuffer

    package init(status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A refusal that says why in one line of text.
    package init(status: HTTPResponseStatus, text: String) {
        self.init(status: status, headers: ["Content-Type": "text/plain; charset=utf-8"], body: ByteBuffer(string: text + "\n"))
    }
}
