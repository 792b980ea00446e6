import NIOHTTP1
import NodeServer
import Testing

@Suite struct NegotiationTests {
    @Test(
        "the client's first sub-protocol that is known is chosen",
        arguments: [
            ([], "" as String?),
            ([""], ""),
            (["v5.channel.k8s.io"], "v5.channel.k8s.io"),
            (["v4.channel.k8s.io, v5.channel.k8s.io"], "v4.channel.k8s.io"),
            (["unknown", "channel.k8s.io"], "channel.k8s.io"),
            ([" v4.base64.channel.k8s.io\t,channel.k8s.io"], "v4.base64.channel.k8s.io"),
            (["base64.channel.k8s.io"], "base64.channel.k8s.io"),
            (["V5.channel.k8s.io"], nil),
            (["v3.channel.k8s.io", "SPDY/3.1+portforward.k8s.io"], nil),
        ])
    func firstKnownOffer(_ offers: [String], _ chosen: String?) {
        #expect(StreamProtocol.negotiate(offers: offers)?.rawValue == chosen)
    }

    /// The example of RFC 6455 section 1.3.
    @Test("the answer to a key is that of RFC 6455's example") func acceptKey() {
        #expect(WebSocketHandshake.answer(to: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("a handshake names the chosen sub-protocol, and a broken handshake is refused") func handshakeHeaders() throws {
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/", headers: ["Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="])
        #expect(try WebSocketHandshake.accept(head, subprotocol: "v4.channel.k8s.io")["sec-websocket-protocol"] == ["v4.channel.k8s.io"])
        #expect(try WebSocketHandshake.accept(head, subprotocol: "")["sec-websocket-protocol"] == [])
        var post = head
        post.method = .POST
        #expect(throws: Refusal.self) { try WebSocketHandshake.accept(post, subprotocol: "v4.channel.k8s.io") }
        for (name, value) in [("Sec-WebSocket-Version", "8"), ("Sec-WebSocket-Key", "c2hvcnQ="), ("Sec-WebSocket-Key", "not base64 at all!!!!!!!")] {
            var broken = head
            broken.headers.replaceOrAdd(name: name, value: value)
            #expect(throws: Refusal.self) { try WebSocketHandshake.accept(broken, subprotocol: "v4.channel.k8s.io") }
        }
    }

    @Test("the query of an exec is read in both spellings and written back") func execOptions() throws {
        func options(_ query: String) throws -> ExecOptions { try ExecOptions(try #require(RequestTarget(uri: "/exec/a/b/c?" + query))) }
        #expect(
            try options("command=sh&command=-c&command=echo+%22hi%22%20%2B1&input=1&output=1&error=0")
                == ExecOptions(command: ["sh", "-c", "echo \"hi\" +1"], stdin: true, stdout: true, stderr: false))
        #expect(try options("command=ls&stdout=true&stderr=true") == ExecOptions(command: ["ls"], stdin: false, stdout: true, stderr: true))
        for query in ["command=ls", "output=1", "command=&output=1"] {
            #expect(throws: Refusal.self) { try options(query) }
        }
        #expect(
            try options("command=sh&stdin=true&stdout=true&stderr=true&tty=true")
                == ExecOptions(command: ["sh"], stdin: true, stdout: true, stderr: false, terminal: true))
        let all = ExecOptions(command: ["a b", "&=?"], stdin: true, stdout: true, stderr: true)
        let target = RequestTarget(segments: ["x"], query: all.query)
        #expect(try ExecOptions(try #require(RequestTarget(uri: target.uri))) == all)
    }
}
