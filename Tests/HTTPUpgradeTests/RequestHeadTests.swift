import NIOCore
import NIOHTTP1
import Testing

@testable import HTTPUpgrade

@Suite("Request heads")
struct RequestHeadTests {
    private static let end = "\r\n\r\n"

    @Test(
        "only well-formed upgrade requests without a body are upgrades",
        arguments: [
            ("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket", ["websocket"]),
            ("POST /x?a=b HTTP/1.1\r\nConnection: keep-alive, upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0", ["SPDY/3.1"]),
            ("GET / HTTP/1.1\r\nCONNECTION: UPGRADE\r\nupgrade: a, b", ["a", "b"]),
            ("GET / HTTP/1.1\r\nUpgrade: websocket", nil),
            ("GET / HTTP/1.1\r\nConnection: Upgrade", nil),
            ("GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket", nil),
            ("POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 5", nil),
            ("POST / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\nTransfer-Encoding: chunked", nil),
            ("GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n folded", nil),
            ("GET /a b HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x", nil),
            ("rubbish", nil),
        ])
    func upgrades(head: String, protocols: [String]?) {
        #expect(RequestHeadParser.upgradeHead((head + Self.end).utf8)?.protocols == protocols)
    }

    @Test("method, path and repeated headers are kept") func keepsWhatTheClientSent() throws {
        let text =
            "POST /exec?command=a%20b HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4\r\nX-Stream-Protocol-Version:  v5 \r\n\r\n"
        let (head, _) = try #require(RequestHeadParser.upgradeHead(text.utf8))
        #expect(head.method == .POST && head.uri == "/exec?command=a%20b")
        #expect(head.headers["x-stream-protocol-version"] == ["v4", "v5"])
    }

    @Test(
        "the end of a head is found at its empty line",
        arguments: [("", nil), ("GET /\r\n", nil), ("a\r\n\r\n", 5), ("a\r\r\n\r\nrest", 6), ("\r\n\r\n", 4), ("a\n\n", nil)])
    func ends(text: String, end: Int?) { #expect(RequestHeadParser.endOfHead(in: Array(text.utf8)) == end) }

    @Test("a line end in a relayed header starts no new header") func relayedHeadersCannotBreakOut() {
        let bytes = ResponseHeadWriter.head(.switchingProtocols, ["X-A": "b\r\nSet-Cookie: x"])
        #expect(String(buffer: bytes) == "HTTP/1.1 101 Switching Protocols\r\nX-A: bSet-Cookie: x\r\n\r\n")
    }
}
