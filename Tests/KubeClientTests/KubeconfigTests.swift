import FoundationEssentials
import KubeClient
import TestSupport
import Testing

@Suite struct KubeconfigTests {
    private func text(
        cluster: String = "server: https://10.0.0.1:6443", user: String = "token: abc", current: String = "main", context: String = "main"
    ) -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: \(current)
        clusters:
        - name: c
          cluster: {\(cluster)}
        users:
        - name: u
          user: {\(user)}
        contexts:
        - name: \(context)
          context: {cluster: c, user: u, namespace: dev}
        """
    }

    @Test("kubeadm's kubeconfig is read")
    func readsWhatKubeadmWrites() throws {
        let pem = Data("PEM".utf8).base64EncodedString()
        let access = try Kubeconfig.parse(
            text(
                cluster: "server: 'https://10.0.0.1:6443/', certificate-authority-data: \(pem), tls-server-name: api.local",
                user: "client-certificate: pki/current.pem, client-key: /etc/key.pem"), path: "/etc/kubernetes/kubelet.conf")
        #expect(access.server == "https://10.0.0.1:6443")
        #expect(access.certificateAuthority == .inline(Array("PEM".utf8), origin: "certificate-authority-data in /etc/kubernetes/kubelet.conf"))
        #expect(access.tlsServerName == "api.local")
        #expect(access.clientCertificate == .file("/etc/kubernetes/pki/current.pem"))
        #expect(access.clientKey == .file("/etc/key.pem"))
        #expect(access.namespace == "dev")
    }

    @Test("a token file wins over a token")
    func aTokenFileWinsOverAToken() throws {
        let access = try Kubeconfig.parse(text(user: "token: abc, tokenFile: /run/token"), path: "/k")
        #expect(access.token == .file("/run/token"))
    }

    @Test("a named context wins over the current one")
    func namedContextWins() throws {
        #expect(throws: APIError.self) { try Kubeconfig.parse(text(), path: "/k", context: "other") }
        #expect(try Kubeconfig.parse(text(current: "gone"), path: "/k", context: "main").namespace == "dev")
    }

    @Test("a kubeconfig in JSON is read")
    func jsonIsYAMLToo() throws {
        let json =
            #"{"current-context":"x","clusters":[{"name":"c","cluster":{"server":"https://a:1"}}],"#
            + #""contexts":[{"name":"x","context":{"cluster":"c"}}]}"#
        #expect(try Kubeconfig.parse(json, path: "/k").server == "https://a:1")
    }

    @Test(
        "unusable fields are refused by name",
        arguments: [
            ("server: https://h", "auth-provider: {name: gcp}", APIError.Code.unsupportedConfiguration, "auth-provider"),
            ("server: https://h", "username: a, password: b", .unsupportedConfiguration, "username"),
            ("server: https://h, proxy-url: 'http://p'", "token: a", .unsupportedConfiguration, "proxy-url"),
            ("server: h", "token: a", .badConfiguration, "found server 'h'"),
            ("server: https://h", "client-certificate: a.pem", .badConfiguration, "without client-key"),
            ("server: https://h, certificate-authority-data: '!!'", "token: a", .badConfiguration, "not base64"),
            ("server: https://h, certificate-authority: ca, insecure-skip-tls-verify: true", "token: a", .badConfiguration, "remove insecure"),
            ("server: [1]", "token: a", .badConfiguration, "not a kubeconfig"),
            ("server: https://h, insecure-skip-tls-verify: maybe", "token: a", .badConfiguration, "found 'maybe', wanted true or false"),
            ("server: https://h", "token: {a: b}", .badConfiguration, "token on line 9"),
        ])
    func refusals(cluster: String, user: String, code: APIError.Code, words: String) throws {
        let error = try #require(throws: APIError.self) { try Kubeconfig.parse(text(cluster: cluster, user: user), path: "/k") }
        #expect(error.code == code)
        #expect("\(error)".contains(words), "\(error)")
        #expect("\(error)".contains("/k"))
    }

    @Test(
        "a list entry without its name or its mapping is refused by its place",
        arguments: [
            ("clusters: [{cluster: {}}]", "name of clusters[0] is missing"), ("users: [{name: a}]", "user of users[0] is missing"),
            ("contexts: [{name: a, context: b}]", "contexts[0].context on line 1 is not a mapping"),
            ("contexts: {}", "contexts on line 1 is not a list"),
            ("[]", "not a mapping"), ("a: 1\na: 2", "more than once"),
        ])
    func misshapen(text: String, words: String) throws {
        let error = try #require(throws: APIError.self) { try Kubeconfig.parse(text, path: "/k") }
        #expect(error.code == .badConfiguration && "\(error)".contains(words), "\(error)")
    }

    @Test("an empty file has no current context") func empty() throws {
        let error = try #require(throws: APIError.self) { try Kubeconfig.parse("", path: "/k") }
        #expect("\(error)".contains("current-context"), "\(error)")
    }

    @Test("an unknown context is refused with the list of known ones")
    func missingContextNamesWhatThereIs() throws {
        let error = try #require(throws: APIError.self) { try Kubeconfig.parse(text(current: "prod", context: "dev"), path: "/k") }
        #expect("\(error)".contains("'prod'") && "\(error)".contains("found: dev"))
    }

    @Test("a missing file is an error that names the remedy")
    func missingFileSaysWhatToDo() async throws {
        let error = try await #require(throws: APIError.self) { try await Kubeconfig.load("/nonexistent/kubelet.conf") }
        #expect(error.code == .missingFile)
        #expect("\(error)".contains("/nonexistent/kubelet.conf") && "\(error)".contains("--kubeconfig"))
    }

    @Test("a written kubeconfig is read back")
    func writtenFileIsReadBack() async throws {
        try await withTemporaryFolder { directory in
            let access = ClusterAccess(
                server: "https://10.0.0.1:6443", certificateAuthority: .inline(Array("PEM".utf8), origin: "x"), tlsServerName: "api", origin: "x")
            let path = directory + "/it's: \"one\" \\ #1"
            try await Kubeconfig.write(path, reaching: access, certificateFile: path)
            let read = try await Kubeconfig.load(path)
            #expect(read.server == access.server)
            #expect(read.tlsServerName == "api")
            #expect(read.clientCertificate == .file(path))
            #expect(read.clientKey == .file(path))
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }
}
