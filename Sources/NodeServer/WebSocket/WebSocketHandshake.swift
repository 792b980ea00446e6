import Crypto
import FoundationEssentials
import HTTPTypes
package import NIOHTTP1

/// The server's half of the opening handshake (RFC 6455 section 4.2).
package enum WebSocketHandshake {
    /// Returns the headers of the 101 response.
    /// - Parameter subprotocol: the one that was chosen; empty when the client offered none.
    package static func accept(_ head: HTTPRequestHead, subprotocol: String) throws(Refusal) -> HTTPHeaders {
        guard head.method == .GET else { throw Refusal(.badRequest, "a WebSocket starts with GET, found \(head.method.rawValue)\n") }
        guard head.headers[canonicalForm: "sec-websocket-version"].contains("13") else {
            throw Refusal(.badRequest, "Sec-WebSocket-Version must be 13\n")
        }
        let keys = head.headers["sec-websocket-key"]
        guard keys.count == 1, Data(base64Encoded: keys[0])?.count == 16 else {
            throw Refusal(.badRequest, "Sec-WebSocket-Key must be 16 bytes in base64\n")
        }
        var headers: HTTPHeaders = ["Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Accept": answer(to: keys[0])]
        if !subprotocol.isEmpty { headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol) }
        return headers
    }

    /// Returns the proof that a WebSocket server has read the key.
    package static func answer(to key: String) -> String {
        Data(Insecure.SHA1.hash(data: Data((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))).base64EncodedString()
    }
}
