import FoundationEssentials
import Glibc
import KubeClient
import KubeModel
import Logging
import TestSupport
import Testing
import Timing

/// A node's identity as upgrades, copies and backups leave it.
@Suite(.timeLimit(.minutes(1))) struct IdentityChoiceTests {
    private static let now = Timestamp(seconds: Int64(Date().timeIntervalSince1970))

    enum Kind: Sendable {
        case valid, later, ended, early, missing, ofAnother
    }

    private static func pair(_ kind: Kind, _ authority: TestAuthority) throws -> TestAuthority.Issued? {
        let name = kind == .ofAnother ? "system:node:n2" : "system:node:n1"
        let (begin, life): (Double, Double) =
            switch kind {
            case .valid, .ofAnother: (-3600, 7200)
            case .later: (-60, 86_400)
            case .ended: (-86_400, 3600)
            case .early: (3600, 86_400)
            case .missing: (0, 0)
            }
        return kind == .missing ? nil : try authority.issue(name, groups: ["system:nodes"], notBefore: Date() + begin, life: life)
    }

    @Test(
        "the valid certificate of the two is used",
        arguments: [
            (Kind.ended, Kind.valid, false, "current"), (.ended, .valid, true, "current"), (.valid, .ended, true, "kubeconfig"),
            (.valid, .missing, true, "kubeconfig"), (.valid, .later, true, "current"), (.valid, .later, false, "kubeconfig"),
            (.later, .valid, true, "kubeconfig"), (.ended, .ofAnother, true, "none"), (.valid, .ofAnother, true, "kubeconfig"),
            (.ended, .ended, true, "none"), (.ended, .missing, false, "none"), (.early, .ended, false, "early"), (.ended, .early, true, "early"),
            (.missing, .valid, true, "current"),
        ])
    func choice(given: Kind, current: Kind, rotates: Bool, wanted: String) throws {
        let authority = try TestAuthority("a")
        func candidate(_ kind: Kind, _ place: String) throws -> IdentityChoice.Candidate {
            let info = try Self.pair(kind, authority).map { try CertificateInfo(pem: $0.pem, origin: place) }
            return IdentityChoice.Candidate(place: place, info: info, problem: info == nil ? "there is no such file" : "")
        }
        let choice = IdentityChoice(
            kubeconfig: try candidate(given, "/etc/kubelet.conf"), current: try candidate(current, "/pki/current.pem"), user: "system:node:n1",
            rotates: rotates)
        #expect("\(choice.decision(at: Self.now))" == wanted)
        let text = choice.description(at: Self.now)
        #expect(text.contains("/etc/kubelet.conf") && text.contains("/pki/current.pem"), "\(text)")
    }

    /// The folder of a node: a kubeconfig with inline data, and `pki`.
    private struct Node {
        let folder: String
        let identity: NodeIdentity
        let options: ClientOptions
        var pki: CertificateDirectory { identity.directory }
        var current: String { pki.currentPath(identity.purpose) }

        init(_ folder: String, inline: TestAuthority.Issued?, files: TestAuthority.Issued? = nil, rotates: Bool) throws {
            self.folder = folder
            try FileManager.default.createDirectory(atPath: folder + "/pki", withIntermediateDirectories: true)
            func data(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
            var user = "{}"
            if let inline { user = "{client-certificate-data: \(data(inline.pem)), client-key-data: \(data(inline.keyPEM))}" }
            if let files {
                try TemporaryFolder.write(files.pem, to: folder + "/pki/kubelet-client.crt")
                try TemporaryFolder.write(files.keyPEM, to: folder + "/pki/kubelet-client.key")
                user = "{client-certificate: pki/kubelet-client.crt, client-key: pki/kubelet-client.key}"
            }
            try TemporaryFolder.write(
                """
                {current-context: x, clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], users: [{name: u, user: \(user)}],
                contexts: [{name: x, context: {cluster: c, user: u}}]}
                """, to: folder + "/kubelet.conf")
            identity = NodeIdentity(
                kubeconfigPath: folder + "/kubelet.conf", bootstrapPath: nil, nodeName: "n1", directory: CertificateDirectory(folder + "/pki"),
                rotates: rotates)
            options = TestClient.options()
        }

        func access() async throws -> ClusterAccess { try await NodeBootstrap.access(identity, options: options) }
        func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: pki.path).sorted() }
    }

    @Test("an expired certificate in the kubeconfig gives way to the valid one beside it", arguments: [true, false])
    func expiredBesideValid(rotates: Bool) async throws {
        let authority = try TestAuthority("a")
        try await withTemporaryFolder { folder in
            let node = try Node(folder, inline: try Self.pair(.ended, authority), rotates: rotates)
            let good = try #require(try Self.pair(.valid, authority))
            // Key first, certificate second, with the authority as a chain.
            try TemporaryFolder.write(good.keyPEM + good.pem + authority.pem, to: node.current)
            let access = try await node.access()
            #expect(access.clientCertificate == .file(node.current) && access.clientKey == .file(node.current))
            #expect(try TemporaryFolder.text(node.current).contains(good.pem))
        }
    }

    @Test("with rotation the kubeconfig's pair is copied to where it is renewed, inline data and the join's files alike", arguments: [true, false])
    func pairIsCopied(isInline: Bool) async throws {
        let authority = try TestAuthority("a")
        try await withTemporaryFolder { folder in
            let pair = try #require(try Self.pair(.valid, authority))
            let node = try Node(folder, inline: isInline ? pair : nil, files: isInline ? nil : pair, rotates: true)
            // A link that leads nowhere counts as none.
            try FileManager.default.createSymbolicLink(atPath: node.current, withDestinationPath: "gone.pem")
            #expect(try await node.access().clientCertificate == .file(node.current))
            let text = try TemporaryFolder.text(node.current)
            #expect(text.contains(pair.pem) && text.contains("PRIVATE KEY"))
            let before = try node.names()
            // The next start changes nothing.
            #expect(try await node.access().clientCertificate == .file(node.current))
            #expect(try node.names() == before)
        }
    }

    @Test("without rotation a valid kubeconfig is used as it is")
    func kubeconfigIsLeftAlone() async throws {
        let authority = try TestAuthority("a")
        try await withTemporaryFolder { folder in
            let node = try Node(folder, inline: try Self.pair(.valid, authority), rotates: false)
            let access = try await node.access()
            if case .inline? = access.clientCertificate {} else { Issue.record("found \(String(describing: access.clientCertificate))") }
            #expect(try node.names().isEmpty)
        }
    }

    @Test("without any usable pair one error names both files")
    func nothingUsable() async throws {
        try await withTemporaryFolder { folder in
            let node = try Node(folder, inline: nil, files: try Self.pair(.valid, try TestAuthority("a")), rotates: true)
            try TemporaryFolder.write("broken", to: folder + "/pki/kubelet-client.crt")
            let error = try await #require(throws: APIError.self) { try await node.access() }
            #expect("\(error)".contains("/pki/kubelet-client.crt") && "\(error)".contains(node.current), "\(error)")
            #expect("\(error)".contains("no usable certificate") && "\(error)".contains("no such file"), "\(error)")
        }
    }

    @Test("a plain file in the place of the link is kept, and two pairs of one second as well")
    func nothingIsLost() async throws {
        let authority = try TestAuthority("a")
        try await withTemporaryFolder { folder in
            let directory = CertificateDirectory(folder)
            let purpose = CertificatePurpose.client(nodeName: "n1")
            let pairs = try (0..<3).map { _ in try #require(try Self.pair(.valid, authority)) }
            try TemporaryFolder.write(pairs[0].keyPEM + pairs[0].pem, to: directory.currentPath(purpose))
            chmod(directory.currentPath(purpose), 0o644)
            #expect(try await directory.protect(purpose))
            for pair in pairs.dropFirst() {
                try await directory.store(purpose, certificatePEM: pair.pem + authority.pem, privateKeyPEM: pair.keyPEM, now: Self.now)
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            #expect(names.count == 4, "\(names)")
            let texts = try names.map { try TemporaryFolder.text(folder + "/" + $0) }
            for pair in pairs { #expect(texts.contains { $0.contains(pair.pem) && $0.contains(pair.keyPEM) }) }
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: directory.currentPath(purpose)).hasPrefix("kubelet-client-20"))
            let now = try await directory.current(purpose)
            #expect(now?.certificatePEM == pairs[2].pem + authority.pem)
            for name in names where !name.hasSuffix("current.pem") {
                let mode = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)[.posixPermissions] as? Int
                #expect(mode == 0o600, "\(name)")
            }
        }
    }

    @Test("a key of another certificate is no pair")
    func mismatchIsRefused() throws {
        let authority = try TestAuthority("a")
        let (one, two) = (try #require(try Self.pair(.valid, authority)), try #require(try Self.pair(.valid, authority)))
        let error = try #require(throws: APIError.self) { try CertificatePair(certificate: one.pem, key: two.keyPEM, origin: "/x") }
        #expect("\(error)".contains("/x") && "\(error)".contains("not the key of its certificate"))
        let text = "junk\r\n" + one.keyPEM.replacing("\n", with: "\r\n") + one.pem + authority.pem
        let pair = try CertificatePair(certificate: text, key: text, origin: "/x")
        #expect(pair.info.commonName == "system:node:n1" && pair.certificatePEM == one.pem + authority.pem)
    }

    @Test("texts that are no PEM never break the reader")
    func randomTexts() throws {
        var random = SeededGenerator(seed: 7)
        let good = try #require(try Self.pair(.valid, try TestAuthority("a")))
        let bytes = Array((good.keyPEM + good.pem).utf8)
        for _ in 0..<300 {
            var changed = bytes
            for _ in 0..<Int.random(in: 1...20, using: &random) {
                let place = Int.random(in: 0..<changed.count, using: &random)
                if Bool.random(using: &random) { changed.remove(at: place) } else { changed[place] = UInt8.random(in: 0...255, using: &random) }
            }
            let text = String(decoding: changed, as: UTF8.self)
            _ = try? CertificatePair(certificate: text, key: text, origin: "x")
            _ = CertificateInfo.all(pem: text)
        }
    }

    @Test("a person is told 30, 7 and 1 days before the end of what nothing renews, once each, and when anything has ended")
    func notices() throws {
        let begin = Date() - 10
        let info = try CertificateInfo(pem: try TestAuthority("a").issue("system:node:n1", notBefore: begin, life: 86_400 * 60).pem, origin: "x")
        var notices = ExpiryNotices()
        func told(_ daysLeft: Double, isRenewed: Bool = false, isUsed: Bool = true) -> [String] {
            let report = CertificateReport(role: "client", place: "/x", isUsed: isUsed, isRenewed: isRenewed, info: info)
            return notices.due([report], at: info.notAfter.advanced(bySeconds: -Int64(daysLeft * 86_400))).map(\.text)
        }
        #expect(told(45).isEmpty)
        #expect(told(29.5).first?.contains("in 30 days; nothing renews it") == true)
        #expect(told(29).isEmpty && told(10).isEmpty)
        #expect(told(6.5).count == 1 && told(6).isEmpty && told(0.5).count == 1)
        #expect(told(-1).first?.contains("has ended at") == true && told(-2).isEmpty)
        notices = ExpiryNotices()
        #expect(told(3, isRenewed: true).isEmpty && told(-1, isUsed: false).isEmpty)
        #expect(told(-1, isRenewed: true).count == 1)
        notices = ExpiryNotices()
        #expect(told(0.5).count == 1, "a late start tells the nearest threshold alone")
    }
}
