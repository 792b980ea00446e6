package import NIOWebSocket

/// A client broke the WebSocket protocol or its sub-protocol: the connection is closed with this code.
package struct WebSocketViolation: Error, Sendable, CustomStringConvertible {
    package let code: WebSocketErrorCode
    package let description: String

    package init(_ code: WebSocketErrorCode, _ description: String) {
        self.code = code
        self.description = description
    }
}
