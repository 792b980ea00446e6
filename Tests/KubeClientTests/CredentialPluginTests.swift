import FoundationEssentials
import Glibc
import KubeClient
import KubeModel
import NIOHTTP1
import TestSupport
import Testing
import Timing

@Suite(.timeLimit(.minutes(1))) struct CredentialPluginTests {
    private let key = ObjectKey(namespace: "", name: "n1")

    private func kubeconfig(_ server: String, _ exec: String) -> String {
        """
        {current-context: x, clusters: [{name: c, cluster: {server: '\(server)'}}], users: [{name: u, user: {exec: \(exec)}}],
        contexts: [{name: x, context: {cluster: c, user: u}}]}
        """
    }

    /// A plugin that counts its runs and gives the token of its run's number.
    private func plugin(_ folder: String, _ more: String = "") throws -> String {
        let path = folder + "/plugin"
        try TemporaryFolder.write(
            """
            #!/bin/sh
            echo x >> \(folder)/runs
            printf '%s' "$KUBERNETES_EXEC_INFO" > \(folder)/info
            printf '%s %s' "$*" "$EXTRA" > \(folder)/words
            n=$(wc -l < \(folder)/runs)
            \(more)
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$n'"'"$UNTIL"'}}'
            """, to: path)
        chmod(path, 0o700)
        return path
    }

    private func runs(_ folder: String) -> Int { (try? TemporaryFolder.text(folder + "/runs").count { $0 == "\n" }) ?? 0 }

    @Test("a plugin's token is used, kept, and asked for again when it expires or is refused")
    func tokenIsKept() async throws {
        try await withTemporaryFolder { folder in
            let time = ManualTime(epoch: Timestamp(seconds: 1_800_000_000))
            let path = try plugin(folder, #"UNTIL=',"expirationTimestamp":"2027-01-15T08:10:00Z"'"#)
            let refused = Locked("")
            try await ScriptedServer.with { request in
                let token = request.headers.first(name: "Authorization") ?? ""
                return token == refused.value || token.isEmpty
                    ? ScriptedServer.Step.failure(401, "Unauthorized", "Unauthorized")
                    : ScriptedServer.Step.json(200, #"{"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}}"#)
            } _: { server in
                let text = kubeconfig(
                    server.url,
                    "{apiVersion: client.authentication.k8s.io/v1, command: \(path), args: [a, b], env: [{name: EXTRA, value: more}], "
                        + "interactiveMode: IfAvailable, provideClusterInfo: true}")
                let client = try KubeClient(try Kubeconfig.parse(text, path: folder + "/conf"), options: TestClient.options(time))
                defer { client.shutdown() }
                for _ in 0..<3 { #expect(try await client.get(Node.self, key).name == "n1") }
                #expect(runs(folder) == 1)
                #expect(server.requests.last?.headers.first(name: "Authorization") == "Bearer t1")
                #expect(try TemporaryFolder.text(folder + "/words") == "a b more")
                let info = try JSONParser.parse(Array(try TemporaryFolder.text(folder + "/info").utf8))
                #expect(info["apiVersion"] == "client.authentication.k8s.io/v1" && info["spec"]?["interactive"] == .bool(false))
                #expect(info["spec"]?["cluster"]?["server"] == .string(server.url))
                time.advance(by: .seconds(60))
                refused.set("Bearer t1")
                #expect(try await client.get(Node.self, key).name == "n1")
                #expect(runs(folder) == 2 && server.requests.last?.headers.first(name: "Authorization") == "Bearer t2")
                // 600 seconds after the epoch.
                time.advance(by: .seconds(541))
                _ = try await client.get(Node.self, key)
                #expect(runs(folder) == 3)
            }
        }
    }

    @Test("a plugin that fails is named with its complaint, and is not run for each call")
    func failingPlugin() async throws {
        try await withTemporaryFolder { folder in
            let path = try plugin(folder, "echo no login >&2; exit 3")
            let text = kubeconfig(
                "http://127.0.0.1:1", "{apiVersion: client.authentication.k8s.io/v1, command: \(path), interactiveMode: Never}")
            let client = try KubeClient(try Kubeconfig.parse(text, path: folder + "/conf"), options: TestClient.options(ManualTime()))
            defer { client.shutdown() }
            for _ in 0..<5 {
                let error = try await #require(throws: APIError.self) { try await client.get(Node.self, key) }
                #expect("\(error)".contains(path) && "\(error)".contains("no login"), "\(error)")
            }
            #expect(runs(folder) == 1)
        }
    }

    @Test(
        "an answer that is no credential is refused with its reason",
        arguments: [
            ("echo hello", "not JSON"), ("echo '{}'", "wanted ExecCredential"),
            (#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential"}'"#, "no status"),
            (#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{}}'"#, "neither"),
            (
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"x"}}'"#,
                "wanted ExecCredential"
            ),
            (
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"clientKeyData":"x"}}'"#,
                "only one of"
            ),
            (#"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"a b"}}'"#, "blanks"),
            (
                #"echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"a","expirationTimestamp":"soon"}}'"#,
                "'soon'"
            ),
        ])
    func badAnswers(command: String, reason: String) async throws {
        try await withTemporaryFolder { folder in
            let path = try plugin(folder, "\(command); exit 0")
            let text = kubeconfig(
                "http://127.0.0.1:1", "{apiVersion: client.authentication.k8s.io/v1, command: \(path), interactiveMode: Never}")
            let client = try KubeClient(try Kubeconfig.parse(text, path: folder + "/conf"), options: TestClient.options(ManualTime()))
            defer { client.shutdown() }
            let error = try await #require(throws: APIError.self) { try await client.checkCredentials() }
            #expect("\(error)".contains(reason), "\(error)")
        }
    }

    @Test(
        "an exec entry that cannot work is refused when the kubeconfig is read",
        arguments: [
            ("{command: x, apiVersion: v1}", "exec.apiVersion"), ("{apiVersion: client.authentication.k8s.io/v1}", "no command"),
            ("{command: x, apiVersion: client.authentication.k8s.io/v1}", "exec.interactiveMode"),
            ("{command: x, apiVersion: client.authentication.k8s.io/v1, interactiveMode: Always}", "no terminal"),
        ])
    func badEntries(exec: String, reason: String) throws {
        let error = try #require(throws: APIError.self) { try Kubeconfig.parse(kubeconfig("https://h", exec), path: "/c") }
        #expect("\(error)".contains(reason), "\(error)")
    }

    @Test("a program that is missing is reported with its hint")
    func missingProgram() async throws {
        let text = kubeconfig(
            "http://127.0.0.1:1",
            "{apiVersion: client.authentication.k8s.io/v1beta1, command: no-such-program-here, installHint: install it first}")
        let client = try KubeClient(try Kubeconfig.parse(text, path: "/c"), options: TestClient.options(ManualTime()))
        defer { client.shutdown() }
        let error = try await #require(throws: APIError.self) { try await client.checkCredentials() }
        #expect("\(error)".contains("install it first") && "\(error)".contains("no-such-program-here"), "\(error)")
    }
}
