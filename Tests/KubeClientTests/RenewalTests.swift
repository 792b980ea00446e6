import FoundationEssentials
import KubeClient
import KubeModel
import Logging
import NIOHTTP1
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct RenewalTests {
    private static let wall = Timestamp(seconds: Int64(Date().timeIntervalSince1970))

    private static func running(_ rotator: CertificateRotator, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await rotator.run() }
            try await body()
            group.cancelAll()
        }
    }

    @Test(
        "a serving certificate has the node's names and addresses as kubelet takes them",
        arguments: [
            ([("Hostname", "n1"), ("InternalIP", "10.0.0.1")], ["n1"], ["10.0.0.1"]),
            ([("Hostname", "10.0.0.9"), ("InternalDNS", "n1.lan"), ("ExternalDNS", "n1.example")], ["n1.example", "n1.lan"], ["10.0.0.9"]),
            ([("InternalIP", "fd00:0::7"), ("ExternalIP", "1.2.3.4"), ("InternalIP", "1.2.3.4"), ("InternalIP", "")], [], ["1.2.3.4", "fd00::7"]),
            ([("Hostname", "n1"), ("InternalDNS", "n1.lan")], nil, nil), ([], nil, nil),
        ] as [([(String, String)], [String]?, [String]?)])
    func servingNames(addresses: [(String, String)], names: [String]?, ips: [String]?) {
        let purpose = CertificatePurpose.serving(nodeName: "n1", addresses: addresses.map { (type: $0.0, address: $0.1) })
        #expect(purpose?.dnsNames == names && purpose?.ipAddresses == ips)
        #expect(purpose.map { $0.commonName == "system:node:n1" && $0.signerName == "kubernetes.io/kubelet-serving" } ?? true)
    }

    @Test("a serving certificate is requested when the node has an address, and again when it gets another one")
    func servingFollowsAddresses() async throws {
        let signer = try Signer(.sign(life: 86_400))
        try await withTemporaryFolder { folder in
            let time = ManualTime(epoch: Self.wall)
            let (pki, signal, got) = (CertificateDirectory(folder), RenewalSignal(), Journal<CertificateInfo>())
            let addresses = Locked<[(type: String, address: String)]>([(type: "Hostname", address: "n1")])
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let client = try TestClient.make(server.url, time: time)
                defer { client.shutdown() }
                let rotator = CertificateRotator(
                    client, directory: pki, signal: signal, purpose: { CertificatePurpose.serving(nodeName: "n1", addresses: addresses.value) },
                    onNewCertificate: { got.note($0) })
                try await Self.running(rotator) {
                    await time.sleeps.wait(count: 1)
                    #expect(server.requests.isEmpty)
                    addresses.set([(type: "Hostname", address: "n1"), (type: "InternalIP", address: "10.0.0.1")])
                    signal.send()
                    let first = await got.wait(count: 1)[0]
                    #expect(first.dnsNames == ["n1"] && first.ipAddresses == ["10.0.0.1"])
                    // Fewer addresses need no other certificate, more of them do.
                    addresses.set([(type: "InternalIP", address: "10.0.0.1")])
                    signal.send()
                    addresses.set([(type: "InternalIP", address: "10.0.0.1"), (type: "InternalIP", address: "fd00::1")])
                    signal.send()
                    let second = await got.wait(count: 2)[1]
                    #expect(second.ipAddresses == ["10.0.0.1", "fd00::1"])
                    #expect(signer.requests.count == 2)
                    let request = try #require(signer.requests.last)
                    #expect(
                        request.spec.signerName == "kubernetes.io/kubelet-serving" && request.spec.usages == ["digital signature", "server auth"])
                    #expect(request.name.hasPrefix("csr-"))
                    #expect(try TemporaryFolder.text(folder + "/kubelet-server-current.pem").contains("PRIVATE KEY"))
                }
            }
        }
    }

    @Test("a request that waits for approval is given up when the addresses change")
    func waitingRequestFollowsAddresses() async throws {
        let signer = try Signer(.wait)
        try await withTemporaryFolder { folder in
            let (signal, got) = (RenewalSignal(), Journal<CertificateInfo>())
            let addresses = Locked<[(type: String, address: String)]>([(type: "InternalIP", address: "10.0.0.1")])
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let client = try TestClient.make(server.url, time: ManualTime(epoch: Self.wall))
                defer { client.shutdown() }
                let rotator = CertificateRotator(
                    client, directory: CertificateDirectory(folder), signal: signal,
                    purpose: { CertificatePurpose.serving(nodeName: "n1", addresses: addresses.value) }, onNewCertificate: { got.note($0) })
                try await Self.running(rotator) {
                    try await eventually("the first request") { signer.requests.count == 1 }
                    signer.decide(.sign(life: 86_400))
                    addresses.set([(type: "InternalIP", address: "10.0.0.2")])
                    signal.send()
                    #expect(await got.wait(count: 1)[0].ipAddresses == ["10.0.0.2"])
                    #expect(signer.requests.count == 2 && signer.requests[0].name != signer.requests[1].name)
                }
            }
        }
    }

    /// A node with an ended certificate in `pki`, and a server that refuses it until a bootstrap token has got another one.
    private func endedNode(
        _ folder: String, _ server: ScriptedServer, _ signer: Signer, bootstrap: Bool, rotates: Bool, time: ManualTime, logger: Logger = .silent
    ) async throws -> (KubeClient, NodeIdentity) {
        let pki = CertificateDirectory(folder + "/pki")
        let purpose = CertificatePurpose.client(nodeName: "n1")
        let old = try signer.authority.issue("system:node:n1", groups: ["system:nodes"], notBefore: Date() - 86_400, life: 3600)
        try await pki.store(purpose, certificatePEM: old.pem, privateKeyPEM: old.keyPEM, now: Self.wall)
        func kubeconfig(_ user: String) -> String {
            """
            {current-context: x, clusters: [{name: c, cluster: {server: '\(server.url)'}}], users: [{name: u, user: \(user)}],
            contexts: [{name: x, context: {cluster: c, user: u}}]}
            """
        }
        let current = pki.currentPath(purpose)
        try TemporaryFolder.write(kubeconfig("{client-certificate: \(current), client-key: \(current)}"), to: folder + "/kubelet.conf")
        try TemporaryFolder.write(kubeconfig("{token: boot}"), to: folder + "/bootstrap.conf")
        let identity = NodeIdentity(
            kubeconfigPath: folder + "/kubelet.conf", bootstrapPath: bootstrap ? folder + "/bootstrap.conf" : nil, nodeName: "n1", directory: pki,
            rotates: rotates)
        var options = TestClient.options(time)
        options.logger = logger
        let client = try KubeClient(try await NodeBootstrap.access(identity, options: options), options: options)
        try await client.checkCredentials()
        return (client, identity)
    }

    @Test("a node that was off for a year asks anew with its bootstrap file, with and without rotation", arguments: [true, false])
    func yearOff(rotates: Bool) async throws {
        let signer = try Signer(.sign(life: 86_400))
        try await withTemporaryFolder { folder in
            let time = ManualTime(epoch: Self.wall)
            try await ScriptedServer.with { request in
                request.headers.first(name: "Authorization") == "Bearer boot"
                    ? await signer.answer(request) : ScriptedServer.Step.failure(401, "Unauthorized", "Unauthorized")
            } _: { server in
                let (client, identity) = try await endedNode(folder, server, signer, bootstrap: true, rotates: rotates, time: time)
                defer { client.shutdown() }
                #expect(client.clientCertificate?.standing(at: Self.wall) == .ended)
                let got = Journal<CertificateInfo>()
                let rotator = CertificateRotator(
                    client, directory: identity.directory, recovery: IdentityRecovery(identity), purpose: { identity.purpose },
                    onNewCertificate: { got.note($0) })
                try await Self.running(rotator) {
                    // Any call of the agent notices the refusal.
                    await #expect(throws: APIError.self) { try await client.get(Node.self, ObjectKey(namespace: "", name: "n1")) }
                    try await eventually("a valid certificate") {
                        if !got.entries.isEmpty { return true }
                        // The pauses of the rotator, which are shorter than the deadlines of calls.
                        if let next = time.deadlines.first, next - time.now() < .seconds(6) { time.advance(by: next - time.now()) }
                        return false
                    }
                    let info = await got.wait(count: 1)[0]
                    #expect(info.isValid(at: Self.wall) && client.clientCertificate == info && client.refusal == nil)
                }
            }
        }
    }

    @Test("without a bootstrap file the log says since when, rarely, and a pair that is put there later is taken")
    func yearOffWithoutBootstrap() async throws {
        let signer = try Signer(.unauthorized)
        try await withTemporaryFolder { folder in
            let time = ManualTime(epoch: Self.wall)
            let lines = Journal<String>()
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let logger = Logger(label: "test") { _ in LineLog(lines: lines) }
                let (client, identity) = try await endedNode(folder, server, signer, bootstrap: false, rotates: true, time: time, logger: logger)
                defer { client.shutdown() }
                let got = Journal<CertificateInfo>()
                let rotator = CertificateRotator(
                    client, directory: identity.directory, recovery: IdentityRecovery(identity), purpose: { identity.purpose },
                    onNewCertificate: { got.note($0) })
                try await Self.running(rotator) {
                    // After the refusal of its own request.
                    await time.passPause(shorterThan: .seconds(10))
                    await lines.wait { $0.contains { $0.contains("has ended at") && $0.contains("--bootstrap-kubeconfig") } }
                    for _ in 0..<10 { await time.passPause(shorterThan: .seconds(700)) }
                    #expect(lines.entries.count { $0.contains("refuses this node's certificate") } <= 2, "\(lines.entries)")
                    #expect(server.requests.count < 20, "\(server.requests.count)")
                    let fresh = try signer.authority.issue("system:node:n1", groups: ["system:nodes"])
                    try await identity.directory.store(
                        identity.purpose, certificatePEM: fresh.pem, privateKeyPEM: fresh.keyPEM, now: time.wallTime())
                    signer.decide(.sign(life: 86_400))
                    try await eventually("the new pair in use") {
                        await client.reloadCredentials()
                        return client.clientCertificate?.isValid(at: Self.wall) == true
                    }
                }
            }
        }
    }

    @Test("a clock before the certificate's beginning is waited out with a message")
    func clockBehind() async throws {
        let signer = try Signer(.sign(life: 86_400))
        try await withTemporaryFolder { folder in
            // Two days behind: the ended certificate of `endedNode` is not valid yet.
            let time = ManualTime(epoch: Self.wall.advanced(bySeconds: -2 * 86_400))
            let lines = Journal<String>()
            try await ScriptedServer.with {
                await signer.answer($0)
            } _: { server in
                let logger = Logger(label: "test") { _ in LineLog(lines: lines) }
                let (client, identity) = try await endedNode(folder, server, signer, bootstrap: true, rotates: true, time: time, logger: logger)
                defer { client.shutdown() }
                let rotator = CertificateRotator(
                    client, directory: identity.directory, recovery: IdentityRecovery(identity), purpose: { identity.purpose })
                try await Self.running(rotator) {
                    await lines.wait { $0.contains { $0.contains("clock is before the beginning") } }
                    await time.sleeps.wait(count: 1)
                    time.advance(by: .seconds(60))
                    await time.sleeps.wait(count: 2)
                    #expect(server.requests.isEmpty && lines.entries.count { $0.contains("clock is before") } == 1)
                }
            }
        }
    }
}
