import KubeClient
import KubeModel
import NIOSSL
import TestSupport
import Testing
import Timing

/// API servers that keep connections open and say nothing on them.
@Suite(.timeLimit(.minutes(1))) struct SilentServerTests {
    /// Runs a reflector against a server whose watches, over HTTP/2, are never answered.
    private func watch(answersPings: Bool, _ body: (QuietServer) async throws -> Void) async throws {
        let authority = try TestAuthority("a")
        let issued = try authority.issue("server")
        let tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(issued.pem.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(issued.keyPEM.utf8), format: .pem)))
        try await QuietServer.with(tls: tls, answersPings: answersPings) { _ in
            ScriptedAPI.list("1", [])
        } _: { server in
            var options = TestClient.options()
            options.silence = .milliseconds(20)
            let access = ClusterAccess(
                server: server.url, certificateAuthority: .inline(Array(authority.pem.utf8), origin: "ca"), origin: "test")
            let client = try KubeClient(access, options: options)
            defer { client.shutdown() }
            let reflector = Reflector<ConfigMap>(client)
            try await whileRunning({ await reflector.run() }) { try await body(server) }
        }
    }

    @Test("a watch whose server does not answer pings begins anew on another connection")
    func silentServer() async throws {
        try await watch(answersPings: false) { server in
            try await eventually("the second connection") { server.connections > 1 }
        }
    }

    @Test("a watch whose server answers pings stays, however quiet the watch is")
    func quietServer() async throws {
        try await watch(answersPings: true) { server in
            try await eventually("ten pings") { server.pings > 10 }
            #expect(server.connections == 1)
        }
    }

    @Test("a refusal that stops in its middle is given up like a watch that does not begin")
    func halfRefusal() async throws {
        let time = ManualTime()
        let gate = Turnstile(permits: 0)
        try await ScriptedServer.with { request in
            request.query["watch"] == nil ? ScriptedAPI.list("1", []) : [.wait(gate), .head(503, [("Content-Length", "100")]), .chunk("{"), .hang]
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            let reflector = Reflector<ConfigMap>(client)
            try await whileRunning({ await reflector.run() }) {
                try await eventually("the watch") { server.requests.contains { $0.query["watch"] == "true" } }
                time.advance(by: .seconds(5))
                gate.open()
                try await eventually("the refusal's beginning") { client.timeSinceLastContact == .zero }
                time.advance(by: .seconds(26))
                try await eventually("the failure") { reflector.failure?.code == .timeout }
            }
        }
    }

    @Test("a pause that the server asks for is no longer than a minute")
    func longWish() async throws {
        let time = ManualTime()
        try await ScriptedServer.with { _ in
            ScriptedServer.Step.failure(503, "ServiceUnavailable", "later", [("Retry-After", "86400")])
        } _: { server in
            let client = try TestClient.make(server.url, time: time)
            defer { client.shutdown() }
            let reflector = Reflector<ConfigMap>(client)
            try await whileRunning({ await reflector.run() }) {
                try await eventually("the failure") { reflector.failure != nil }
                try await eventually("the next list") {
                    time.advance(by: .seconds(61))
                    return server.requests.count > 1
                }
                #expect(time.now() < .seconds(43_200))
            }
        }
    }
}
