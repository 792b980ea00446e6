import KubeModel
import PodCore
import Testing

@testable import ImageStore

@Suite struct RegistryRulesTests {
    @Test(
        "a pull secret matches by host, port and path",
        arguments: [
            ("registry.test", "registry.test/a", true),
            ("https://registry.test/v1/", "registry.test/a", true),
            ("registry.test/a", "registry.test/a/b", true),
            ("registry.test/a", "registry.test/b", false),
            ("registry.test", "registry.test:5000/a", false),
            ("registry.test:5000", "registry.test:5000/a", true),
            ("*.registry.test", "eu.registry.test/a", true),
            ("*.registry.test", "registry.test/a", false),
            ("*.test", "eu.registry.test/a", false),
            ("reg*.test", "registry.test/a", true),
            ("reg?stry.test", "registry.test/a", true),
            ("https://index.docker.io/v1/", "docker.io/library/a", true),
            ("https://index.docker.io/v1/", "registry.test/a", false),
            ("docker.io", "docker.io/library/a", true),
            ("", "registry.test/a", false),
            ("evil@registry.test", "registry.test/a", false),
        ])
    func credentialMatches(_ registry: String, _ repository: String, _ matches: Bool) {
        let credential = RegistryCredential(registry: registry, username: "u", password: "p")
        #expect(CredentialMatcher.candidates(for: repository, in: [credential]).isEmpty != matches)
    }

    @Test("the more specific pull secret comes first")
    func moreSpecificCredentialFirst() {
        let general = RegistryCredential(registry: "registry.test", username: "general", password: "p")
        let special = RegistryCredential(registry: "registry.test/team", username: "special", password: "p")
        #expect(CredentialMatcher.candidates(for: "registry.test/team/a", in: [general, special, special]) == [special, general])
    }

    @Test(
        "a challenge is read",
        arguments: [
            (
                "Bearer realm=\"https://auth.test/token\",service=\"s\",scope=\"repository:a:pull,push\"", "bearer",
                ["realm": "https://auth.test/token", "service": "s", "scope": "repository:a:pull,push"]
            ),
            ("Basic realm=\"a \\\"b\\\"\"", "basic", ["realm": "a \"b\""]),
            ("bearer Realm=https://auth.test/x , Service = s", "bearer", ["realm": "https://auth.test/x", "service": "s"]),
            ("Basic", "basic", [:]),
            ("Bearer realm=\"open", "bearer", [:]),
        ] as [(String, String, [String: String])])
    func challenge(_ header: String, _ scheme: String, _ parameters: [String: String]) {
        #expect(AuthenticationChallenge.parse([header]) == [AuthenticationChallenge(scheme: scheme, parameters: parameters)])
    }

    @Test("several challenges in one header are read")
    func severalChallenges() {
        let found = AuthenticationChallenge.parse(["Negotiate, Basic realm=\"x\"", "Bearer realm=\"y\""])
        #expect(found.map(\.scheme) == ["negotiate", "basic", "bearer"])
        #expect(AuthenticationChallenge.parse([String(repeating: "a", count: 9000), "=,=\"", ",,,"]).isEmpty)
    }

    @Test(
        "only loopback names count as local",
        arguments: [
            ("localhost", true), ("localhost:5000", true), ("127.0.0.1", true), ("127.9.8.7:1", true), ("128.0.0.1", false),
            ("localhost.test", false),
            ("127.0.0.1.test", false), ("127.0.0", false), ("127.0.0.999", false), ("[::1]:5000", false), ("10.0.0.1", false),
        ])
    func loopback(_ authority: String, _ expected: Bool) {
        #expect(RegistryEndpoint.isLoopback(authority) == expected)
    }

    @Test("mirrors come before the registry, each with its scheme and TLS")
    func endpoints() throws {
        let configuration = RegistryConfiguration(hosts: [
            "docker.io": .init(endpoints: ["https://mirror.test:5000/hub/", "127.0.0.1:99"]),
            "plain.test": .init(insecure: true),
        ])
        #expect(
            try RegistryEndpoint.all(of: "docker.io", in: configuration).map(\.base) == [
                "https://mirror.test:5000/hub", "http://127.0.0.1:99", "https://registry-1.docker.io",
            ])
        #expect(try RegistryEndpoint.all(of: "plain.test", in: configuration).map(\.base) == ["http://plain.test"])
        #expect(try RegistryEndpoint.all(of: "other.test", in: configuration).map(\.base) == ["https://other.test"])
        for bad in ["http://mirror.test", "ftp://mirror.test", "https://", "https://a@b", "https://a?b", "https://a/%2e"] {
            let wrong = RegistryConfiguration(hosts: ["x.test": .init(endpoints: [bad])])
            #expect(throws: ImageStoreError.self, "\(bad)") { try RegistryEndpoint.all(of: "x.test", in: wrong) }
        }
    }

    @Test(
        "Retry-After is read as seconds and as a date",
        arguments: [
            ("0", 0), ("7", 7), ("-3", 0), ("Fri, 15 Jan 2027 08:00:30 GMT", 30), ("Fri, 15 Jan 2027 07:59:00 GMT", 0), ("soon", nil), ("", nil),
            ("Fri, 32 Jan 2027 08:00:30 GMT", nil), ("Fri, 15 Jän 2027 08:00:30 GMT", nil),
        ] as [(String, Int?)])
    func retryAfter(header: String, seconds: Int?) {
        #expect(RetryAfter.pause(header, now: Timestamp(seconds: 1_800_000_000)) == seconds.map { .seconds($0) })
    }

    @Test("an origin is scheme, host and port")
    func origins() throws {
        let base = try #require(RegistryURL("https://Registry.Test/v2/a"))
        #expect(RegistryURL("https://registry.test:443/x")?.isSameOrigin(as: base) == true)
        #expect(RegistryURL("http://registry.test/x")?.isSameOrigin(as: base) == false)
        #expect(RegistryURL("https://registry.test:444/x")?.isSameOrigin(as: base) == false)
        #expect(RegistryURL("/blob?sig=1", relativeTo: base)?.text == "https://Registry.Test/blob?sig=1")
        #expect(RegistryURL("https://a.test/b?sig=1").map { "\($0)" } == "https://a.test/b")
        for bad in ["file:///etc/passwd", "https://user:pass@a.test/", "https:///x", "nonsense", "unix:/x"] {
            #expect(RegistryURL(bad) == nil, "\(bad)")
        }
    }
}
