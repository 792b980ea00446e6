import Crypto
import FoundationEssentials
import KubeClient
import KubeModel
import Logging
import NIOHTTP1
import NIOSSL
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    private let node = #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}}"#
    private let key = ObjectKey(namespace: "", name: "n1")

    private func server(_ pair: TestAuthority.Issued, clientAuthority: TestAuthority? = nil) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(pair.pem.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(pair.keyPEM.utf8), format: .pem)))
        if let clientAuthority {
            tls.certificateVerification = .noHostnameVerification
            tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(clientAuthority.pem.utf8)))
        }
        return tls
    }

    private func access(_ url: String, _ authority: String, _ change: (inout ClusterAccess) -> Void = { _ in }) -> ClusterAccess {
        var access = ClusterAccess(
            server: url, certificateAuthority: .inline(Array(authority.utf8), origin: "/etc/ca.crt"), origin: "/etc/kubelet.conf")
        change(&access)
        return access
    }

    @Test("a trusted server accepts the client certificate")
    func trustedServerAndClientCertificate() async throws {
        let (authority, node) = (try TestAuthority("a"), node)
        let client = try authority.issue("system:node:n1")
        try await ScriptedServer.with(tls: try server(try authority.issue("server"), clientAuthority: authority)) { _ in
            ScriptedServer.Step.json(200, node)
        } _: {
            let access = access($0.url, authority.pem) {
                $0.clientCertificate = .inline(Array(client.pem.utf8), origin: "c")
                $0.clientKey = .inline(Array(client.keyPEM.utf8), origin: "k")
            }
            let kube = try KubeClient(access, options: TestClient.options())
            defer { kube.shutdown() }
            #expect(try await kube.get(Node.self, key).name == "n1")
        }
    }

    @Test("a plain key under another label is accepted, as by other clients; a broken key is reported before the first call")
    func plainKey() async throws {
        let (authority, node) = (try TestAuthority("a"), node)
        let client = try authority.issue("system:node:n1")
        // ECPrivateKey (RFC 5915) with the curve's name and the public key.
        let pair = try P256.Signing.PrivateKey(pemRepresentation: client.keyPEM)
        let curve: [UInt8] = [0xA0, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07]
        let der =
            [0x30, 0x77, 0x02, 0x01, 0x01, 0x04, 0x20] + Array(pair.rawRepresentation) + curve + [0xA1, 0x44, 0x03, 0x42, 0x00]
            + Array(pair.publicKey.x963Representation)
        let pem =
            "-----BEGIN PRIVATE KEY-----\n\(Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed]))\n-----END PRIVATE KEY-----\n"
        try await ScriptedServer.with(tls: try server(try authority.issue("server"), clientAuthority: authority)) { _ in
            ScriptedServer.Step.json(200, node)
        } _: { server in
            for (text, isGood) in [(pem, true), (pem.replacing("MHc", with: "MHg"), false)] {
                let access = access(server.url, authority.pem) {
                    $0.clientCertificate = .inline(Array(client.pem.utf8), origin: "c")
                    $0.clientKey = .inline(Array(text.utf8), origin: "k")
                }
                let kube = try KubeClient(access, options: TestClient.options())
                defer { kube.shutdown() }
                if isGood {
                    try await kube.checkCredentials()
                    #expect(try await kube.get(Node.self, key).name == "n1")
                } else {
                    let error = await #expect(throws: APIError.self) { try await kube.checkCredentials() }
                    #expect(error?.code == .badCertificate)
                }
            }
        }
    }

    @Test("a wrong authority is reported with its file")
    func wrongAuthorityNamesItsFile() async throws {
        let tls = try server(try TestAuthority("a").issue("server"))
        try await ScriptedServer.with(tls: tls) { _ in
            []
        } _: { server in
            let kube = try KubeClient(access(server.url, try TestAuthority("b").pem), options: TestClient.options())
            defer { kube.shutdown() }
            let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
            #expect(error.code == .untrustedServer, "\(error)")
            #expect("\(error)".contains("/etc/ca.crt") && "\(error)".contains("127.0.0.1:\(server.port)"), "\(error)")
        }
    }

    @Test("a certificate for another name is refused, unless tls-server-name has that name")
    func certificateForAnotherName() async throws {
        let authority = try TestAuthority("a")
        let tls = try server(try authority.issue("server", dnsNames: ["api.cluster"], loopback: false))
        let node = node
        try await ScriptedServer.with(tls: tls) { _ in
            ScriptedServer.Step.json(200, node)
        } _: { server in
            let kube = try KubeClient(access(server.url, authority.pem), options: TestClient.options())
            defer { kube.shutdown() }
            let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
            #expect(error.code == .untrustedServer && "\(error)".contains("tls-server-name"), "\(error)")
            let named = try KubeClient(access(server.url, authority.pem) { $0.tlsServerName = "api.cluster" }, options: TestClient.options())
            defer { named.shutdown() }
            #expect(try await named.get(Node.self, key).name == "n1")
            #expect(server.requests.first?.headers.first(name: "Host") == "127.0.0.1:\(server.port)")
        }
    }

    @Test("a server is not verified when the kubeconfig skips it")
    func skippingVerification() async throws {
        let (tls, node) = (try server(try TestAuthority("a").issue("server")), node)
        try await ScriptedServer.with(tls: tls) { _ in
            ScriptedServer.Step.json(200, node)
        } _: { server in
            let access = ClusterAccess(server: server.url, skipsServerVerification: true, origin: "test")
            let kube = try KubeClient(access, options: TestClient.options())
            defer { kube.shutdown() }
            #expect(try await kube.get(Node.self, key).name == "n1")
        }
    }

    @Test("a refused client certificate is an error of its own")
    func refusedClientCertificate() async throws {
        let authority = try TestAuthority("a")
        let client = try TestAuthority("stranger").issue("system:node:n1")
        try await ScriptedServer.with(tls: try server(try authority.issue("server"), clientAuthority: authority)) { _ in
            []
        } _: { server in
            let access = access(server.url, authority.pem) {
                $0.clientCertificate = .inline(Array(client.pem.utf8), origin: "/pki/current.pem")
                $0.clientKey = .inline(Array(client.keyPEM.utf8), origin: "/pki/current.pem")
            }
            let kube = try KubeClient(access, options: TestClient.options())
            defer { kube.shutdown() }
            let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
            #expect(error.code == .clientCertificateRefused, "\(error)")
        }
    }

    @Test("plain HTTP behind an HTTPS address is a TLS error")
    func plainHTTPBehindAnHTTPSAddress() async throws {
        try await ScriptedServer.with { _ in
            []
        } _: { server in
            let kube = try KubeClient(access("https://127.0.0.1:\(server.port)", try TestAuthority("a").pem), options: TestClient.options())
            defer { kube.shutdown() }
            let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
            #expect(error.code == .tls, "\(error)")
        }
    }

    @Test("an authority without a certificate is refused", arguments: [("no pem", "certificate authority"), ("", "certificate authority")])
    func uselessAuthority(text: String, words: String) async throws {
        let kube = try KubeClient(access("https://127.0.0.1:1", text), options: TestClient.options())
        defer { kube.shutdown() }
        let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
        #expect(error.code == .badCertificate && "\(error)".contains(words) && "\(error)".contains("/etc/ca.crt"), "\(error)")
    }

    @Test("an unreadable key is reported with its file")
    func uselessKeyIsNamed() async throws {
        let authority = try TestAuthority("a")
        let certificate = try authority.issue("system:node:n1").pem
        let access = access("https://127.0.0.1:1", authority.pem) {
            $0.clientCertificate = .inline(Array(certificate.utf8), origin: "/pki/c.pem")
            $0.clientKey = .inline(Array(certificate.utf8), origin: "/pki/k.pem")
        }
        let kube = try KubeClient(access, options: TestClient.options())
        defer { kube.shutdown() }
        let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
        #expect(error.code == .badCertificate && "\(error)".contains("cannot read client key /pki/k.pem"), "\(error)")
    }

    @Test("a missing certificate file is reported with the kubeconfig")
    func missingKeyFileIsNamed() async throws {
        let authority = try TestAuthority("a")
        let access = access("https://127.0.0.1:1", authority.pem) {
            $0.clientCertificate = .file("/nonexistent/c.pem")
            $0.clientKey = .file("/nonexistent/k.pem")
        }
        let kube = try KubeClient(access, options: TestClient.options())
        defer { kube.shutdown() }
        let error = try await #require(throws: APIError.self) { try await kube.get(Node.self, key) }
        #expect(error.code == .missingFile && "\(error)".contains("/nonexistent/c.pem") && "\(error)".contains("/etc/kubelet.conf"), "\(error)")
    }

    /// A replaced certificate file gives new connections with the new certificate; the old server would refuse them.
    @Test("a replaced client certificate is used")
    func replacedClientCertificateIsUsed() async throws {
        try await withTemporaryFolder { directory in
            let authority = try TestAuthority("a")
            let (path, time, node) = (directory + "/current.pem", ManualTime(), node)
            let stranger = try TestAuthority("b").issue("system:node:n1")
            try TemporaryFolder.write(stranger.pem + stranger.keyPEM, to: path)
            try await ScriptedServer.with(tls: try server(try authority.issue("server"), clientAuthority: authority)) { _ in
                ScriptedServer.Step.json(200, node)
            } _: { server in
                let access = access(server.url, authority.pem) {
                    $0.clientCertificate = .file(path)
                    $0.clientKey = .file(path)
                }
                let kube = try KubeClient(access, options: TestClient.options(time))
                defer { kube.shutdown() }
                await #expect(throws: APIError.self) { try await kube.get(Node.self, key) }
                // Half a replacement keeps what there is.
                try TemporaryFolder.write("garbage", to: path)
                await kube.reloadCredentials()
                await #expect(throws: APIError.self) { try await kube.get(Node.self, key) }
                let good = try authority.issue("system:node:n1")
                try TemporaryFolder.write(good.pem + good.keyPEM, to: path)
                await kube.reloadCredentials()
                #expect(try await kube.get(Node.self, key).name == "n1")
            }
        }
    }

    @Test("watches work over TLS")
    func watchesWorkOverTLS() async throws {
        let authority = try TestAuthority("a")
        let api = ScriptedAPI(
            lists: [ScriptedAPI.list("10", [])],
            watches: [[ScriptedAPI.head, .chunk(ScriptedAPI.event("ADDED", ScriptedAPI.configMap("a", 11))), .hang]])
        try await ScriptedServer.with(tls: try server(try authority.issue("server"))) {
            api.answer($0)
        } _: { server in
            let kube = try KubeClient(access(server.url, authority.pem), options: TestClient.options(ManualTime()))
            defer { kube.shutdown() }
            let reflector = Reflector<ConfigMap>(kube)
            let updates = reflector.updates()
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await reflector.run() }
                for await _ in updates where !reflector.objects.isEmpty { break }
                group.cancelAll()
            }
            #expect(reflector.object(ObjectKey(namespace: "ns", name: "a")) != nil)
        }
    }

    /// Many more watches than one connection of an API server takes, none of which may hold up a call.
    @Test("many watches do not block calls")
    func manyWatchesDoNotBlockCalls() async throws {
        let (authority, node) = (try TestAuthority("a"), node)
        try await ScriptedServer.with(tls: try server(try authority.issue("server"))) { request in
            if request.path.hasSuffix("/nodes/n1") { return ScriptedServer.Step.json(200, node) }
            return request.query["watch"] == nil ? ScriptedAPI.list("1", []) : [ScriptedAPI.head, .hang]
        } _: { server in
            let kube = try KubeClient(access(server.url, authority.pem), options: TestClient.options(ManualTime()))
            defer { kube.shutdown() }
            let reflectors = (0..<90).map { Reflector<ConfigMap>(kube, scope: ObjectScope(fieldSelector: "metadata.name=a\($0)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for reflector in reflectors { group.addTask { await reflector.run() } }
                for reflector in reflectors { for await _ in reflector.updates() { break } }
                let found = try await kube.get(Node.self, key)
                #expect(found.name == "n1")
                group.cancelAll()
            }
            let synced = reflectors.filter { $0.hasSynced }
            #expect(synced.count == reflectors.count)
        }
    }

    @Test("a token file that is gone is named once, when it is still gone at a second look, and the token stays in use")
    func goneToken() async throws {
        let (node, time, lines) = (node, ManualTime(), Journal<String>())
        try await withTemporaryFolder { folder in
            let path = folder + "/token"
            try TemporaryFolder.write("secret\n", to: path)
            try await ScriptedServer.with { _ in
                ScriptedServer.Step.json(200, node)
            } _: { server in
                var options = TestClient.options(time)
                options.logger = Logger(label: "test") { _ in LineLog(lines: lines) }
                let kube = try KubeClient(ClusterAccess(server: server.url, token: .file(path), origin: "test"), options: options)
                defer { kube.shutdown() }
                _ = try await kube.get(Node.self, key)
                try FileManager.default.removeItem(atPath: path)
                for expected in [0, 1, 1] {
                    time.advance(by: .seconds(11))
                    _ = try await kube.get(Node.self, key)
                    #expect(lines.entries.count == expected)
                }
                #expect(lines.entries.first?.contains("cannot read bearer token \(path): there is no such file") == true)
                #expect(server.requests.allSatisfy { $0.headers["Authorization"] == ["Bearer secret"] })
            }
        }
    }
}
