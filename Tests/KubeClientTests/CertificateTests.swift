import FoundationEssentials
import KubeClient
import KubeModel
import SwiftASN1
import TestSupport
import Testing
import Timing
import X509

@Suite(.timeLimit(.minutes(1))) struct CertificateTests {
    @Test("bootstrap writes the certificate and the kubeconfig")
    func bootstrapWritesCertificateAndKubeconfig() async throws {
        let signer = try Signer(.sign(life: 86_400))
        try await withTemporaryFolder { directory in
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let bootstrap = directory + "/bootstrap.conf"
                try TemporaryFolder.write(
                    """
                    {current-context: x, clusters: [{name: c, cluster: {server: '\(server.url)'}}], users: [{name: u, user: {token: boot}}],
                    contexts: [{name: x, context: {cluster: c, user: u}}]}
                    """,
                    to: bootstrap)
                let (path, pki) = (directory + "/kubelet.conf", CertificateDirectory(directory + "/pki"))
                let options = TestClient.options()
                let identity = NodeIdentity(kubeconfigPath: path, bootstrapPath: bootstrap, nodeName: "n1", directory: pki, rotates: true)
                let access = try await NodeBootstrap.access(identity, options: options)
                let current = directory + "/pki/kubelet-client-current.pem"
                #expect(access.clientCertificate == .file(current) && access.clientKey == .file(current) && access.token == nil)
                let request = try #require(signer.request.value)
                #expect(request.name.hasPrefix("node-csr-"))
                #expect(request.spec.signerName == "kubernetes.io/kube-apiserver-client-kubelet")
                #expect(request.spec.usages == ["digital signature", "client auth"])
                #expect(server.requests[0].headers.first { $0.name == "Authorization" }?.value == "Bearer boot")
                let csr = try X509.CertificateSigningRequest(
                    pemEncoded: String(decoding: try #require(Data(base64Encoded: request.spec.request)), as: UTF8.self))
                #expect("\(csr.subject)".contains("CN=system:node:n1") && "\(csr.subject)".contains("O=system:nodes"))
                let names = try FileManager.default.contentsOfDirectory(atPath: pki.path).sorted()
                #expect(names.count == 2 && names[0].hasPrefix("kubelet-client-20") && names[1] == "kubelet-client-current.pem", "\(names)")
                #expect(try FileManager.default.attributesOfItem(atPath: pki.path + "/" + names[0])[.posixPermissions] as? Int == 0o600)
                let pem = try TemporaryFolder.text(current)
                #expect(pem.contains("BEGIN CERTIFICATE") && pem.contains("PRIVATE KEY"))
                // The second start finds the certificate and sends no request.
                let before = server.requests.count
                _ = try await NodeBootstrap.access(identity, options: options)
                #expect(server.requests.count == before)
            }
        }
    }

    @Test("a denied request fails with the reason of the denial")
    func deniedRequestSaysWhy() async throws {
        let signer = try Signer(.deny)
        try await withTemporaryFolder { directory in
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let client = try TestClient.make(server.url)
                defer { client.shutdown() }
                let requester = CertificateRequester(client, directory: CertificateDirectory(directory))
                let error = try await #require(throws: APIError.self) { try await requester.request(.client(nodeName: "n1")) }
                #expect(error.code == .certificateDenied && "\(error)".contains("NotNow ask later"), "\(error)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
            }
        }
    }

    @Test("an unanswered request fails at its deadline")
    func unansweredRequestEndsInTime() async throws {
        let time = ManualTime()
        try await withTemporaryFolder { directory in
            let watching = Turnstile(permits: 0)
            try await ScriptedServer.with { request in
                if request.query["watch"] != nil { watching.open() }
                return request.method == "POST"
                    ? ScriptedServer.Step.json(201, request.body)
                    : request.query["watch"] == nil ? ScriptedAPI.list("1", []) : [.head(200, []), .hang]
            } _: { server in
                let client = try TestClient.make(server.url, time: time)
                defer { client.shutdown() }
                let requester = CertificateRequester(client, directory: CertificateDirectory(directory))
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let error = await #expect(throws: APIError.self) { try await requester.request(.client(nodeName: "n1"), wait: .seconds(60)) }
                        #expect(error?.code == .timeout && "\(error.map { "\($0)" } ?? "")".contains("not signed within"))
                    }
                    await watching.pass()
                    time.advance(by: .seconds(60))
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("the next request comes after 70 to 90 % of the life")
    func rotationAtItsTime() throws {
        let info = try CertificateInfo(
            pem: try TestAuthority("a").issue("x", notBefore: Date(timeIntervalSince1970: 1_000_000), life: 1000).pem, origin: "x")
        #expect(info.rotationTime(random: 0).seconds == 1_000_700)
        #expect(info.rotationTime(random: 1).seconds == 1_000_900)
        #expect(info.isValid(at: Timestamp(seconds: 1_000_999)) && !info.isValid(at: Timestamp(seconds: 1_001_000)))
    }

    @Test("the rotator renews a certificate and the client uses the new one")
    func rotatorRenewsAndTheClientUsesTheNewOne() async throws {
        let signer = try Signer(.sign(life: 86_400))
        try await withTemporaryFolder { directory in
            let time = ManualTime(epoch: Timestamp(seconds: Int64(Date().timeIntervalSince1970)))
            let pki = CertificateDirectory(directory)
            let old = try signer.authority.issue("system:node:n1", groups: ["system:nodes"], notBefore: Date() - 950, life: 1000)
            try TemporaryFolder.write(old.pem + old.keyPEM, to: directory + "/kubelet-client-old.pem")
            try FileManager.default.createSymbolicLink(
                atPath: directory + "/kubelet-client-current.pem", withDestinationPath: "kubelet-client-old.pem")
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let client = try TestClient.make(server.url, time: time)
                defer { client.shutdown() }
                let (stream, done) = AsyncStream<CertificateInfo>.makeStream()
                let rotator = CertificateRotator(client, directory: pki, purpose: { .client(nodeName: "n1") }, onNewCertificate: { done.yield($0) })
                let fresh = await withTaskGroup(of: Void.self) { group in
                    group.addTask { await rotator.run() }
                    var iterator = stream.makeAsyncIterator()
                    let fresh = await iterator.next()
                    group.cancelAll()
                    return fresh
                }
                #expect(fresh?.commonName == "system:node:n1")
                let current = await pki.currentInfo(.client(nodeName: "n1"))
                #expect(current == fresh)
                #expect(try TemporaryFolder.text(directory + "/kubelet-client-current.pem") != old.pem + old.keyPEM)
            }
        }
    }

    @Test("a self-signed certificate is made once, and again for other addresses")
    func selfSignedIsMadeOnceAndAgainForOtherAddresses() async throws {
        try await withTemporaryFolder { directory in
            let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))
            let pki = CertificateDirectory(directory + "/pki")
            func make(_ addresses: [String], at time: Timestamp) async throws -> String {
                let files = try await ServingCertificate.selfSigned(in: pki, hostname: "n1", ipAddresses: addresses, now: time)
                return try TemporaryFolder.text(files.certificatePath)
            }
            let first = try await make(["10.0.0.1", "fd00::1"], at: now)
            let same = try await make(["10.0.0.1"], at: now)
            let second = try await make(["10.0.0.2"], at: now)
            let later = try await make(["10.0.0.2"], at: now.advanced(bySeconds: 10 * 365 * 86_400))
            #expect(same == first && second != first && later != second)
            let certificate = try Certificate(pemEncoded: first)
            let names = try #require(try certificate.extensions.subjectAlternativeNames)
            #expect(Array(names).count == 3)
            let error = try await #require(throws: APIError.self) { try await make(["not an address"], at: now) }
            #expect(error.code == .invalidArgument)
        }
    }
}
