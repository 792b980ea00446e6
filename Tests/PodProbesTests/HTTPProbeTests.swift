import PodCore
import TestSupport
import Testing

@testable import PodProbes

@Suite("HTTP probes", .timeLimit(.minutes(1)))
struct HTTPProbeTests {
    private static let ample = Duration.seconds(40)
    private static let short = Duration.milliseconds(300)

    private func check(
        _ port: Int, scheme: HTTPCheck.Scheme = .http, host: String = "127.0.0.1", path: String = "/a", headers: [HTTPCheck.Header] = []
    )
        -> HTTPCheck
    {
        HTTPCheck(scheme: scheme, host: host, port: port, path: path, headers: headers)
    }

    private func result(_ check: HTTPCheck, timeout: Duration = ample) async -> ProbeResult {
        await NetworkProbes().check(.http(check), timeout: timeout)
    }

    private static func answer(_ line: String, _ body: String = "body") -> String {
        "HTTP/1.1 \(line)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test(
        "the status decides, and 300 to 399 are successes to look at",
        arguments: [
            ("200 OK", ProbeResult.success(warning: nil)), ("299 Fine", .success(warning: nil)),
            ("300 Many", .success(warning: "Probe terminated redirects, Response body: body")),
            ("302 Found without Location", .success(warning: "Probe terminated redirects, Response body: body")),
            ("399 Odd", .success(warning: "Probe terminated redirects, Response body: body")),
            ("400 Bad", .failure(message: "HTTP probe failed with statuscode: 400")),
            ("503 Busy", .failure(message: "HTTP probe failed with statuscode: 503")),
        ])
    func statuses(line: String, expected: ProbeResult) async throws {
        try await ScriptedPeer.answering(Self.answer(line)) { peer in #expect(await result(check(peer.port)) == expected) }
    }

    @Test("304 has no body")
    func notModified() async throws {
        try await ScriptedPeer.with({ _ in [.send("HTTP/1.1 304 Not Modified\r\n\r\n")] }) { peer in
            #expect(await result(check(peer.port)) == .success(warning: "Probe terminated redirects, Response body: "))
        }
    }

    @Test("an interim answer is skipped")
    func interim() async throws {
        try await ScriptedPeer.answering("HTTP/1.1 103 Early Hints\r\n\r\n" + Self.answer("200 OK")) { peer in
            #expect(await result(check(peer.port)) == .success(warning: nil))
        }
    }

    @Test("the request is sent to the letter")
    func request() async throws {
        try await ScriptedPeer.answering(Self.answer("200 OK")) { peer in
            let headers = [HTTPCheck.Header("User-Agent", "me"), HTTPCheck.Header("X-A", "1"), HTTPCheck.Header("X-A", "2")]
            _ = await result(check(peer.port, path: "/a?x=1&y=%7B%7D", headers: headers))
            let named = HTTPCheck(scheme: .http, host: "127.0.0.1", port: peer.port, path: "", hostHeader: "www.lab.example", headers: [])
            _ = await result(named)
            #expect(
                peer.requests.entries == [
                    "GET /a?x=1&y=%7B%7D HTTP/1.1\r\nHost: 127.0.0.1:\(peer.port)\r\nUser-Agent: me\r\nX-A: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: www.lab.example\r\nConnection: close\r\n\r\n",
                ])
        }
    }

    @Test(
        "a header that would begin another is not sent",
        arguments: [
            (HTTPCheck.Header("X-A", "1\r\nX-B: 2"), #"net/http: invalid header field value for "X-A""#),
            (HTTPCheck.Header("X A", "1"), #"net/http: invalid header field name "X A""#),
        ])
    func injection(header: HTTPCheck.Header, reason: String) async throws {
        try await ScriptedPeer.answering(Self.answer("200 OK")) { peer in
            let result = await result(check(peer.port, headers: [header]))
            #expect(result == .failure(message: "Get \"http://127.0.0.1:\(peer.port)/a\": \(reason)"))
            #expect(peer.requests.entries.isEmpty)
        }
    }

    @Test("redirects within the host are followed, with the headers")
    func redirects() async throws {
        let script: ScriptedPeer.Script = { request in
            switch request.split(separator: " ")[1] {
            case "/a": [.send("HTTP/1.1 301 Moved\r\nLocation: b/../c?q=1#part\r\nContent-Length: 0\r\n\r\n")]
            case "/c?q=1": [.send("HTTP/1.1 307 Temporary\r\nLocation: //127.0.0.1:\(Self.port(request))/d\r\nContent-Length: 0\r\n\r\n")]
            case "/d": [.send(Self.answer("200 OK"))]
            default: [.send(Self.answer("500 Wrong path"))]
            }
        }
        try await ScriptedPeer.with(script) { peer in
            #expect(await result(check(peer.port, headers: [.init("X-A", "1")])) == .success(warning: nil))
            #expect(peer.requests.entries.count == 3)
            #expect(peer.requests.entries.allSatisfy { $0.contains("\r\nX-A: 1\r\n") && $0.contains("\r\nHost: 127.0.0.1:\(peer.port)\r\n") })
        }
    }

    private static func port(_ request: String) -> String {
        let line = request.split(separator: "\r\n").first { $0.hasPrefix("Host: ") } ?? ""
        return line.split(separator: ":").last.map(String.init) ?? ""
    }

    @Test("a redirect to itself ends after ten")
    func endlessRedirect() async throws {
        try await ScriptedPeer.answering("HTTP/1.1 302 Found\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n") { peer in
            #expect(await result(check(peer.port)) == .failure(message: "Get \"/a\": stopped after 10 redirects"))
            #expect(peer.requests.entries.count == 10)
        }
    }

    @Test("a redirect to another host is a success to look at", arguments: ["http://other.example/x", "//other.example/x", "ftp://other.example/"])
    func otherHost(location: String) async throws {
        try await ScriptedPeer.answering("HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 4\r\n\r\nbody") { peer in
            #expect(await result(check(peer.port)) == .success(warning: "Probe terminated redirects, Response body: body"))
            #expect(peer.requests.entries.count == 1)
        }
    }

    @Test("ten kilobytes of a body are enough")
    func longBodies() async throws {
        let mebibyte = String(repeating: "x", count: 1 << 20)
        try await ScriptedPeer.answering(Self.answer("200 OK", mebibyte)) { peer in #expect(await result(check(peer.port)) == .success(warning: nil))
        }
        try await ScriptedPeer.with({ _ in [.send("HTTP/1.1 300 Many\r\n\r\n"), .endless] }) { peer in
            let body = String(repeating: "x", count: 10 << 10)
            #expect(await result(check(peer.port)) == .success(warning: "Probe terminated redirects, Response body: \(body)"))
        }
    }

    @Test("a body that does not end says nothing about the container")
    func brokenBodies() async throws {
        try await ScriptedPeer.with({ _ in [.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx")] }) { peer in
            let text = "context deadline exceeded (Client.Timeout or context cancellation while reading body)"
            #expect(await result(check(peer.port), timeout: Self.short) == .unknown(message: text))
        }
        try await ScriptedPeer.answering("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx") { peer in
            #expect(await result(check(peer.port)) == .unknown(message: "unexpected EOF"))
        }
    }

    @Test(
        "an answer that is none is a failure",
        arguments: [
            ("", "EOF"), ("HTTP/1.1 200 OK\r\nServ", "net/http: HTTP/1.x transport connection broken: unexpected EOF"),
            ("\u{15}SSH-2.0\r\n", #"net/http: HTTP/1.x transport connection broken: malformed HTTP response "\x15SSH-2.0""#),
        ])
    func brokenHeads(sent: String, reason: String) async throws {
        try await ScriptedPeer.answering(sent) { peer in
            #expect(await result(check(peer.port)) == .failure(message: "Get \"http://127.0.0.1:\(peer.port)/a\": \(reason)"))
        }
    }

    @Test("a peer that does not answer in time is a failure", arguments: ["", "HTTP/1.1 200 OK\r\nServ"])
    func slowHeads(sent: String) async throws {
        try await ScriptedPeer.with({ _ in [.send(sent)] }) { peer in
            let reason = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
            let result = await result(check(peer.port), timeout: Self.short)
            #expect(result == .failure(message: "Get \"http://127.0.0.1:\(peer.port)/a\": \(reason)"))
        }
    }

    @Test("a port at which nothing listens is a failure")
    func refused() async throws {
        let port = try await Loopback.freePort()
        let reason = "dial tcp 127.0.0.1:\(port): connect: connection refused"
        #expect(await result(check(port)) == .failure(message: "Get \"http://127.0.0.1:\(port)/a\": \(reason)"))
    }

    @Test("a certificate is not verified, and names are resolved")
    func tls() async throws {
        try await ScriptedPeer.with(tls: true, { _ in [.send(Self.answer("200 OK")), .close] }) { peer in
            #expect(await result(check(peer.port, scheme: .https)) == .success(warning: nil))
            #expect(await result(check(peer.port, scheme: .https, host: "localhost")) == .success(warning: nil))
        }
    }

    @Test("an IPv6 address stands in brackets")
    func ipv6() async throws {
        let host = await Loopback.hasIPv6 ? "::1" : nil
        guard let host else { return }
        try await ScriptedPeer.with(host: host, { _ in [.send(Self.answer("200 OK")), .close] }) { peer in
            #expect(await result(check(peer.port, host: host)) == .success(warning: nil))
            #expect(peer.requests.entries.first?.contains("\r\nHost: [::1]:\(peer.port)\r\n") == true)
        }
    }

    @Test("a hook needs an answer, of any status and without its end")
    func hooks() async throws {
        let script: ScriptedPeer.Script = { _ in [.send("HTTP/1.1 500 Wrong\r\nContent-Length: 9\r\n\r\n")] }
        try await ScriptedPeer.with(script) { peer in try await NetworkProbes().request(check(peer.port), timeout: nil) }
        let port = try await Loopback.freePort()
        let failure = await #expect(throws: HTTPRequestFailure.self) { try await NetworkProbes().request(check(port), timeout: nil) }
        #expect(failure?.message == "Get \"http://127.0.0.1:\(port)/a\": dial tcp 127.0.0.1:\(port): connect: connection refused")
    }

    @Test("a peer that answers TLS in plain HTTP is known by its answer")
    func plainAnswer() async throws {
        try await ScriptedPeer.answering(Self.answer("400 Bad Request")) { peer in
            let check = check(peer.port, scheme: .https)
            let failure = await #expect(throws: HTTPRequestFailure.self) { try await NetworkProbes().request(check, timeout: nil) }
            #expect(failure?.isPlainAnswer == true)
            #expect(failure?.message == "Get \"https://127.0.0.1:\(peer.port)/a\": http: server gave HTTP response to HTTPS client")
        }
    }

    @Test("a cancelled hook ends, though its peer is silent and it has no timeout")
    func cancelled() async throws {
        try await ScriptedPeer.with({ _ in [] }) { peer in
            let hook = Task { try await NetworkProbes().request(check(peer.port), timeout: nil) }
            await peer.requests.wait(count: 1)
            hook.cancel()
            let failure = await #expect(throws: HTTPRequestFailure.self) { try await hook.value }
            #expect(failure?.message == "Get \"http://127.0.0.1:\(peer.port)/a\": context canceled")
        }
    }
}
