import Glibc
import LinuxSystem
import Logging
import NIOHTTP1
import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite(.timeLimit(.minutes(2))) struct NodeKeyringTests {
    private let pool = BlockingPool(name: "test", threads: 2, queueLimit: 64)
    private let time = ManualTime()

    private func keyring(_ sources: NodeCredentials, timeout: Duration = .seconds(60)) -> NodeKeyring {
        NodeKeyring(sources, pool: pool, time: time, logger: .silent, timeout: timeout)
    }

    private func users(_ keyring: NodeKeyring, _ repository: String) async -> [String] {
        await keyring.lookup(repository).credentials.map { "\($0.username):\($0.password)" }
    }

    private func provider(
        _ script: String, named name: String = "p", in folder: String, images: [String] = ["*.test"], keep: Duration = .zero,
        environment: [String: String] = [:], arguments: [String] = []
    ) throws -> CredentialProvider {
        let path = "\(folder)/\(name)"
        try AtomicFile.replace(path, with: "#!/bin/sh\n\(script)\n", mode: 0o755)
        return CredentialProvider(
            name: name, executable: path, arguments: arguments, environment: environment, matchImages: images, defaultCacheDuration: keep,
            apiVersion: "credentialprovider.kubelet.k8s.io/v1")
    }

    /// A script's answer, which counts its runs in a file.
    private static func answer(_ scope: String, _ auth: String, duration: String? = nil, version: String = "v1") -> String {
        let kept = duration.map { "\"cacheDuration\":\"\($0)\"," } ?? ""
        return """
            echo run >> "$0.runs"
            cat > "$0.request"
            cat <<END
            {"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/\(version)","cacheKeyType":"\(scope)",\(kept)"auth":{\(auth)}}
            END
            """
    }

    private static func login(_ registry: String, _ user: String) -> String { "\"\(registry)\":{\"username\":\"\(user)\",\"password\":\"p\"}" }

    private func runs(_ provider: CredentialProvider) throws -> Int { try SmallFile.text(provider.executable + ".runs").split(separator: "\n").count }

    @Test("the first of docker's files that can be read counts, and a change counts at once")
    func files() async throws {
        try await withTemporaryFolder { folder in
            for name in ["root", "work", "home/.docker"] { try Directories.make("\(folder)/\(name)") }
            let sources = NodeCredentials(
                rootDirectory: folder + "/root", workingDirectory: folder + "/work", home: folder + "/home", providers: [])
            #expect(sources.configFiles.last == "/.docker/config.json" && sources.entryFiles.last == "/.dockercfg")
            let keyring = keyring(
                NodeCredentials(configFiles: Array(sources.configFiles.dropLast()), entryFiles: Array(sources.entryFiles.dropLast())))
            #expect(await users(keyring, "a.test/x").isEmpty)
            func write(_ path: String, _ user: String) throws {
                let entry = Self.login("a.test", user)
                try AtomicFile.replace("\(folder)/\(path)", with: path.hasSuffix("json") ? "{\"auths\":{\(entry)}}" : "{\(entry)}")
            }
            for (path, user) in [
                ("home/.dockercfg", "old home"), ("root/.dockercfg", "old root"), ("home/.docker/config.json", "home"), ("work/config.json", "work"),
                ("root/config.json", "root"), ("root/config.json", "changed"),
            ] {
                try write(path, user)
                #expect(await users(keyring, "a.test/x") == ["\(user):p"])
                #expect(await users(keyring, "b.test/x").isEmpty)
            }
            try AtomicFile.replace(folder + "/root/config.json", with: "{broken")
            #expect(await users(keyring, "a.test/x") == ["work:p"])
            try AtomicFile.replace(
                folder + "/root/config.json", with: "{\"auths\":{\"bad.test\":{\"auth\":\"%\"},\(Self.login("a.test", "half"))}}")
            #expect(await users(keyring, "a.test/x") == ["half:p"])
        }
    }

    @Test("a provider is asked about its images with Kubernetes' request, its arguments and environment")
    func request() async throws {
        try await withTemporaryFolder { folder in
            let script = Self.answer("Image", Self.login("a.test", "$1-$WHO-${PATH:+path}"))
            let provider = try provider(script, in: folder, images: ["a.*", "b.test:5000/team"], environment: ["WHO": "me"], arguments: ["arg"])
            let keyring = keyring(NodeCredentials(providers: [provider]))
            #expect(await users(keyring, "a.test/x/y") == ["arg-me-path:p"])
            #expect(
                try SmallFile.text(provider.executable + ".request")
                    == #"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"a.test/x/y","kind":"CredentialProviderRequest"}"#)
            for other in ["c.test/x", "b.test/team/x", "b.test:5000/other", "a.b.test/x"] { #expect(await users(keyring, other).isEmpty, "\(other)") }
            #expect(try runs(provider) == 1)
            // Its answer is for another registry.
            #expect(await users(keyring, "b.test:5000/team/x").isEmpty)
            #expect(try runs(provider) == 2)
        }
    }

    @Test(
        "an answer is kept for an image, a registry or all images, as long as it says",
        arguments: [
            ("Image", nil, 10, [1, 1, 2, 3, 4]), ("Registry", nil, 10, [1, 1, 1, 2, 3]), ("Global", nil, 10, [1, 1, 1, 1, 2]),
            ("Global", "0s", 10, [1, 2, 3, 4, 5]), ("Global", nil, 0, [1, 2, 3, 4, 5]), ("Global", "30s", 10, [1, 1, 1, 1, 1]),
        ] as [(String, String?, Int, [Int])])
    func cache(scope: String, duration: String?, standard: Int, expected: [Int]) async throws {
        try await withTemporaryFolder { folder in
            let auth = Self.login("a.test", "a") + "," + Self.login("b.test", "b")
            let provider = try provider(Self.answer(scope, auth, duration: duration), in: folder, keep: .seconds(standard))
            let keyring = keyring(NodeCredentials(providers: [provider]))
            var counts: [Int] = []
            for (image, user) in [("a.test/x", "a"), ("a.test/x", "a"), ("a.test/y", "a"), ("b.test/x", "b")] {
                #expect(await users(keyring, image) == ["\(user):p"])
                counts.append(try runs(provider))
            }
            time.advance(by: .seconds(11))
            _ = await users(keyring, "a.test/x")
            #expect(counts + [try runs(provider)] == expected)
        }
    }

    @Test("docker's files come before providers, and the more specific registry of any provider first")
    func order() async throws {
        try await withTemporaryFolder { folder in
            try AtomicFile.replace(folder + "/config.json", with: "{\"auths\":{\(Self.login("a.test", "file"))}}")
            let one = try provider(
                Self.answer("Image", Self.login("a.test", "one") + "," + Self.login("*.test", "wide")), named: "one", in: folder)
            let two = try provider(Self.answer("Image", Self.login("a.test/team", "two")), named: "two", in: folder)
            let keyring = keyring(NodeCredentials(configFiles: [folder + "/config.json"], providers: [one, two]))
            #expect(await users(keyring, "a.test/team/x") == ["file:p", "two:p", "one:p", "wide:p"])
        }
    }

    @Test(
        "a provider that fails is named, and the others count",
        arguments: [
            ("echo no token >&2; exit 3", "ended with exit status 3: no token"), ("kill -9 $$", "ended with signal 9"),
            ("echo '{}'", "its answer is no apiVersion and no kind"), ("echo nonsense", "its answer is not JSON"),
            ("true", "it has answered nothing"),
            (answer("Image", "", version: "v1beta1"), "wanted credentialprovider.kubelet.k8s.io/v1 CredentialProviderResponse"),
            (answer("Galaxy", ""), "cacheKeyType \"Galaxy\""), (answer("Image", "", duration: "soon"), "cacheDuration \"soon\""),
            (answer("Image", "\"a\":7"), "a field has the wrong type"), ("head -c 2000000 /dev/zero", "an answer of 1048576 bytes or more"),
            ("echo secret >&2; head -c 300000 /dev/zero >&2; exit 1", "ended with exit status 1: secret"),
        ])
    func failures(script: String, problem: String) async throws {
        try await withTemporaryFolder { folder in
            let bad = try provider(script, named: "bad", in: folder)
            let good = try provider(Self.answer("Image", Self.login("a.test", "good")), named: "good", in: folder)
            let found = await keyring(NodeCredentials(providers: [bad, good])).lookup("a.test/x")
            #expect(found.credentials.map(\.username) == ["good"])
            #expect(found.problems.count == 1)
            #expect(found.problems.first?.hasPrefix("credential provider bad failed: ") == true)
            #expect(found.problems.first?.contains(problem) == true, "\(found.problems)")
        }
    }

    @Test("a provider that hangs is ended with everything that it has started, and its answer is not waited for")
    func hang() async throws {
        try await withTemporaryFolder { folder in
            let provider = try provider("sleep 1000 & echo $! > \"$0.child\"; wait", in: folder)
            let found = await keyring(NodeCredentials(providers: [provider]), timeout: .seconds(5)).lookup("a.test/x")
            #expect(found.problems.first?.contains("not done after 5.0 seconds") == true, "\(found.problems)")
            let child = try #require(Int32(SmallFile.line(provider.executable + ".child")))
            try await eventually("the end of the provider's child") {
                kill(child, 0) == -1 || (try? SmallFile.text("/proc/\(child)/stat").contains(") Z ")) ?? true
            }
        }
    }

    @Test("a process that a provider leaves behind does not hold the answer up")
    func leftBehind() async throws {
        try await withTemporaryFolder { folder in
            let script = "sleep 60 &\necho $! > \"$0.child\"\n" + Self.answer("Image", Self.login("a.test", "u"))
            let provider = try provider(script, in: folder)
            #expect(await users(keyring(NodeCredentials(providers: [provider])), "a.test/x") == ["u:p"])
            if let child = Int32(try SmallFile.line(provider.executable + ".child")) { kill(child, SIGKILL) }
        }
    }

    @Test(
        "the pod's credentials are tried before the node's, and a failed provider stands in the error of a refused pull",
        .enabled(if: isRoot, "needs root"))
    func pulls() async throws {
        let image = PullTests.image()
        let seen = Journal<String>()
        let script = FakeRegistry.Script { request in
            guard let authorization = request.headers.first(name: "Authorization") else {
                return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
            }
            seen.note(authorization)
            guard authorization == "Basic bm9kZTpw" else {
                return FakeRegistry.Reply(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
            }
            return honest(image)(request)
        }
        try await FakeRegistry.with(script) { server async throws in
            try await withTemporaryFolder { folder in
                let name = "\(server.authority)/test/image:1"
                let good = try provider(
                    Self.answer("Image", Self.login(server.authority, "node")), named: "good", in: folder, images: [server.authority])
                let bad = try provider("echo gone >&2; exit 1", named: "bad", in: folder, images: [server.authority])
                let pod = [RegistryCredential(registry: server.authority, username: "pod", password: "p")]
                for (number, sources) in [NodeCredentials(providers: [bad]), NodeCredentials(providers: [bad, good])].enumerated() {
                    try await withStore(in: "\(folder)/\(number)", registries: RegistryConfiguration(credentials: sources)) { store async throws in
                        if number == 0 {
                            let failure = await #expect(throws: ImageFailure.self) { try await store.pull(name, credentials: pod) }
                            #expect(failure?.message.contains("credential provider bad failed") == true, "\(failure?.message ?? "")")
                            #expect(failure?.message.contains("with the credentials of pod") == true)
                        } else {
                            _ = try await store.pull(name, credentials: pod)
                        }
                    }
                }
                #expect(seen.entries.prefix(3) == ["Basic cG9kOnA=", "Basic cG9kOnA=", "Basic bm9kZTpw"])
            }
        }
    }
}
