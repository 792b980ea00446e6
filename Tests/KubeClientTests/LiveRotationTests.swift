import FoundationEssentials
import KubeClient
import KubeModel
import NIOSSL
import TestSupport
import Testing
import Timing

/// Certificates that are replaced while calls and watches are under way.
@Suite(.timeLimit(.minutes(1))) struct LiveRotationTests {
    private static let node = #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}}"#

    private static func tls(_ authority: TestAuthority, _ server: TestAuthority.Issued) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(server.pem.utf8)).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(server.keyPEM.utf8), format: .pem)))
        tls.certificateVerification = .noHostnameVerification
        tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.pem.utf8)))
        return tls
    }

    private static func answer(_ request: ScriptedServer.Request) -> [ScriptedServer.Step] {
        if request.path.hasSuffix("/nodes/n1") { return ScriptedServer.Step.json(200, node) }
        return request.query["watch"] == nil ? ScriptedAPI.list("1", []) : [ScriptedAPI.head, .hang]
    }

    @Test("ten rotations under load fail no call and end no watch")
    func tenRotations() async throws {
        let authority = try TestAuthority("a")
        try await withTemporaryFolder { folder in
            let directory = CertificateDirectory(folder)
            let purpose = CertificatePurpose.client(nodeName: "n1")
            func renew() async throws {
                let pair = try authority.issue("system:node:n1", groups: ["system:nodes"], life: 3660)
                try await directory.store(
                    purpose, certificatePEM: pair.pem, privateKeyPEM: pair.keyPEM, now: Timestamp(seconds: 1_800_000_000))
            }
            try await renew()
            try await ScriptedServer.with(tls: try Self.tls(authority, try authority.issue("server"))) {
                Self.answer($0)
            } _: { server in
                var access = ClusterAccess(
                    server: server.url, certificateAuthority: .inline(Array(authority.pem.utf8), origin: "ca"), origin: "test")
                access.clientCertificate = .file(directory.currentPath(purpose))
                access.clientKey = access.clientCertificate
                let client = try KubeClient(access, options: TestClient.options(rate: 100_000))
                defer { client.shutdown() }
                let reflectors = (0..<5).map { Reflector<ConfigMap>(client, scope: ObjectScope(fieldSelector: "metadata.name=a\($0)")) }
                let done = Locked(false)
                try await withThrowingTaskGroup(of: Int.self) { group in
                    for reflector in reflectors {
                        group.addTask {
                            await reflector.run()
                            return 0
                        }
                    }
                    for reflector in reflectors { await reflector.waitForFirstList() }
                    try await eventually("the watches") { server.requests.count { $0.query["watch"] != nil } == 5 }
                    let callers = 8
                    for _ in 0..<callers {
                        group.addTask {
                            var calls = 0
                            while !done.value {
                                let node = try await client.get(Node.self, ObjectKey(namespace: "", name: "n1"))
                                #expect(node.name == "n1")
                                calls += 1
                            }
                            return calls
                        }
                    }
                    for _ in 0..<10 {
                        try await renew()
                        await client.reloadCredentials()
                        let count = server.requests.count
                        try await eventually("calls with the new certificate") { server.requests.count > count + 20 }
                    }
                    done.set(true)
                    var ended = 0
                    var calls = 0
                    for try await count in group where count > 0 {
                        ended += 1
                        calls += count
                        if ended == callers { break }
                    }
                    #expect(calls > 200)
                    #expect(server.requests.count { $0.query["watch"] != nil } == 5)
                    for reflector in reflectors { #expect(reflector.failure == nil) }
                    group.cancelAll()
                }
            }
        }
    }

    @Test("a changed authority ends watches, because the server may be another one")
    func changedAuthority() async throws {
        let authority = try TestAuthority("a")
        let other = try TestAuthority("b")
        try await withTemporaryFolder { folder in
            let path = folder + "/ca.crt"
            try TemporaryFolder.write(authority.pem, to: path)
            var tls = try Self.tls(authority, try authority.issue("server"))
            tls.certificateVerification = .none
            try await ScriptedServer.with(tls: tls) {
                Self.answer($0)
            } _: { server in
                let access = ClusterAccess(server: server.url, certificateAuthority: .file(path), origin: "test")
                let client = try KubeClient(access, options: TestClient.options())
                defer { client.shutdown() }
                let reflector = Reflector<ConfigMap>(client)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await reflector.run() }
                    try await eventually("the watch") { server.requests.contains { $0.query["watch"] != nil } }
                    // A bundle of both authorities is a change as well; the server is still trusted, and the watch comes back.
                    try TemporaryFolder.write(authority.pem + other.pem, to: path)
                    await client.reloadCredentials()
                    try await eventually("the second watch") { server.requests.count { $0.query["watch"] != nil } == 2 }
                    try TemporaryFolder.write(other.pem, to: path)
                    await client.reloadCredentials()
                    try await eventually("the failure") { reflector.failure?.code == .untrustedServer }
                    group.cancelAll()
                }
            }
        }
    }
}
