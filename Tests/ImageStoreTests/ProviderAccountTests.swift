import LinuxSystem
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import ImageStore

@Suite("Credential providers for service accounts", .timeLimit(.minutes(2))) struct ProviderAccountTests {
    /// A service account whose tokens are its uid and a number that a test changes.
    private final class Account: PodAccount {
        struct Lost: Error, CustomStringConvertible { let description = "not here" }

        let namespace = "team"
        let name: String
        let annotations: [String: String]
        let number = Mutex(1)
        let failure = Mutex("")
        let asked = Journal<String>()

        init(_ name: String = "puller", annotations: [String: String] = [:]) {
            self.name = name
            self.annotations = annotations
        }

        func facts() async throws -> ServiceAccountFacts {
            if failure.withLock({ $0 == "facts" }) { throw Lost() }
            return ServiceAccountFacts(uid: "uid-\(name)", annotations: annotations)
        }

        func token(audience: String, uid: String) async throws -> String {
            asked.note("\(audience) \(uid)")
            if failure.withLock({ $0 == "token" }) { throw Lost() }
            return "\(uid)-token-\(number.withLock { $0 })"
        }
    }

    private let pool = BlockingPool(name: "test", threads: 2, queueLimit: 64)
    private let time = ManualTime()

    private func keyring(_ provider: CredentialProvider) -> NodeKeyring {
        NodeKeyring(NodeCredentials(providers: [provider]), pool: pool, time: time, logger: .silent)
    }

    /// A provider that notes each request and gives the user of the run's number.
    private func provider(_ rule: AccountRule, in folder: String, scope: String = "Image", password: String = "p") throws -> CredentialProvider {
        let path = folder + "/provider"
        let script = """
            #!/bin/sh
            cat >> "$0.requests"; echo >> "$0.requests"
            echo '{"kind":"CredentialProviderResponse","apiVersion":"credentialprovider.kubelet.k8s.io/v1","cacheKeyType":"\(scope)",'
            echo '"auth":{"*.test":{"username":"'$(wc -l < "$0.requests")'","password":"\(password)"}}}'
            """
        try AtomicFile.replace(path, with: script, mode: 0o755)
        return CredentialProvider(
            name: "provider", executable: path, matchImages: ["*.test"], defaultCacheDuration: .seconds(600),
            apiVersion: "credentialprovider.kubelet.k8s.io/v1", account: rule)
    }

    private func requests(_ folder: String) -> [String] {
        ((try? SmallFile.text(folder + "/provider.requests")) ?? "").split(separator: "\n").map(String.init)
    }

    private static func rule(
        _ caching: AccountRule.Caching = .account, isRequired: Bool = true, required: [String] = [], optional: [String] = []
    ) -> AccountRule {
        AccountRule(
            audience: "registry", caching: caching, isRequired: isRequired, requiredAnnotations: required, optionalAnnotations: optional)
    }

    @Test("a provider gets a token of the pod's service account and the annotations that it wants") func request() async throws {
        try await withTemporaryFolder { folder in
            let provider = try provider(Self.rule(required: ["a/role"], optional: ["a/zone", "a/none"]), in: folder)
            let keyring = keyring(provider)
            let account = Account(annotations: ["a/role": "r", "a/zone": "z", "other": "o"])
            let found = await keyring.lookup("r.test/x", for: account)
            #expect(found.problems.isEmpty)
            #expect(
                found.credentials == [
                    RegistryCredential(
                        registry: "*.test", username: "1", password: "p",
                        owner: CredentialOwner(uid: "uid-puller", namespace: "team", name: "puller"))
                ])
            #expect(account.asked.entries == ["registry uid-puller"])
            #expect(
                requests(folder) == [
                    #"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"r.test/x","kind":"CredentialProviderRequest","#
                        + #""serviceAccountAnnotations":{"a/role":"r","a/zone":"z"},"serviceAccountToken":"uid-puller-token-1"}"#
                ])
            // Every pod may use the node's own credentials, so these are none.
            #expect(await keyring.lookup("r.test/x").credentials.isEmpty)
            #expect(await keyring.lookup("elsewhere.example/x", for: account).credentials.isEmpty)
            #expect(requests(folder).count == 1)
        }
    }

    @Test("a provider is not asked for an account without its annotation, nor for a pod without an account unless it says so")
    func notAsked() async throws {
        try await withTemporaryFolder { folder in
            let chosen = keyring(try provider(Self.rule(required: ["a/role"]), in: folder))
            let account = Account()
            for found in [await chosen.lookup("r.test/x", for: account), await chosen.lookup("r.test/x", for: nil)] {
                #expect(found.credentials.isEmpty && found.problems.isEmpty)
            }
            #expect(account.asked.entries.isEmpty && requests(folder).isEmpty)
            let open = keyring(try provider(Self.rule(isRequired: false), in: folder))
            let found = await open.lookup("r.test/x", for: nil)
            #expect(found.credentials == [RegistryCredential(registry: "*.test", username: "1", password: "p")])
            #expect(
                requests(folder) == [#"{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","image":"r.test/x","kind":"CredentialProviderRequest"}"#])
        }
    }

    @Test(
        "an answer serves its service account, or one token of it, and nothing else",
        arguments: [(AccountRule.Caching.account, ["1", "1", "1", "2", "3", "1"]), (.token, ["1", "1", "2", "3", "4", "2"])])
    func cache(caching: AccountRule.Caching, users: [String]) async throws {
        try await withTemporaryFolder { folder in
            let keyring = keyring(try provider(Self.rule(caching, isRequired: false, optional: ["a"]), in: folder, scope: "Global"))
            let account = Account()
            var found: [String?] = []
            func ask(_ account: Account, _ image: String = "r.test/x") async {
                found.append(await keyring.lookup(image, for: account).credentials.first?.username)
            }
            await ask(account)
            await ask(account, "s.test/y")
            account.number.withLock { $0 = 2 }
            await ask(account)
            await ask(Account("other"))
            await ask(Account(annotations: ["a": "changed"]))
            await ask(account)
            #expect(found == users)
        }
    }

    @Test(
        "what keeps a provider from an answer is named",
        arguments: [
            ("facts", "failed to get service account: not here"), ("token", "failed to get service account token: not here"),
        ])
    func failures(failure: String, problem: String) async throws {
        try await withTemporaryFolder { folder in
            let account = Account()
            account.failure.withLock { $0 = failure }
            let found = await keyring(try provider(Self.rule(), in: folder)).lookup("r.test/x", for: account)
            #expect(found.credentials.isEmpty && found.problems == ["credential provider provider failed: \(problem)"])
            #expect(requests(folder).isEmpty)
        }
    }

    @Test(
        "a service account's token as a password is taken only where the answer ends with the token",
        arguments: [AccountRule.Caching.account, .token])
    func echo(caching: AccountRule.Caching) async throws {
        try await withTemporaryFolder { folder in
            let found = await keyring(try provider(Self.rule(caching), in: folder, password: "uid-puller-token-1")).lookup("r.test/x", for: Account())
            #expect(found.credentials.count == (caching == .token ? 1 : 0))
            #expect(found.problems.first?.contains("allowed with the cacheType Token only") == (caching == .token ? nil : true))
        }
    }
}
