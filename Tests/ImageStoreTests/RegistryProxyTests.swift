import NIOHTTP1
import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite struct RegistryProxyTests {
    private static func proxy(_ environment: [String: String], _ url: String) throws -> String? {
        let found = try RegistryProxies(environment: environment).proxy(for: try #require(RegistryURL(url)))
        return found.map { "\($0.kind) \($0.host):\($0.port)" + ($0.login.map { " \($0.username) \($0.password)" } ?? "") }
    }

    @Test(
        "the proxy follows from the scheme and the environment",
        arguments: [
            ([:], "https://r.test/", nil), (["HTTPS_PROXY": "http://p:3128"], "https://r.test/", "http p:3128"),
            (["HTTPS_PROXY": "http://p:3128"], "http://r.test/", nil), (["HTTP_PROXY": "p"], "http://r.test/", "http p:80"),
            (["https_proxy": "p:1"], "https://r.test/", "http p:1"), (["https_proxy": "p:1", "HTTPS_PROXY": "q:2"], "https://r.test/", "http q:2"),
            (["https_proxy": "p:1", "HTTPS_PROXY": ""], "https://r.test/", "http p:1"),
            (["HTTPS_PROXY": "http://u:p%40w@p:1/"], "https://r.test/", "http p:1 u p@w"),
            (["HTTPS_PROXY": "socks5://p"], "https://r.test/", "socks p:1080"),
            (["HTTPS_PROXY": "http://[fd00::1]:3128"], "https://r.test/", "http fd00::1:3128"),
            (["HTTPS_PROXY": "p:1"], "https://localhost:5000/", nil), (["HTTPS_PROXY": "p:1"], "https://127.1.2.3/", nil),
            (["HTTPS_PROXY": "p:1"], "https://[::1]/", nil),
        ] as [([String: String], String, String?)])
    func chosen(environment: [String: String], url: String, expected: String?) throws {
        #expect(try Self.proxy(environment, url) == expected)
    }

    @Test(
        "NO_PROXY excepts names, subdomains, addresses, ranges and ports",
        arguments: [
            ("r.test", "https://r.test/", true), ("r.test", "https://a.r.test/", true), ("r.test", "https://ar.test/", false),
            (".r.test", "https://r.test/", false), (".r.test", "https://a.r.test/", true), ("*.r.test", "https://a.b.r.test/", true),
            ("*.r.test", "https://r.test/", false), ("R.Test", "https://r.TEST/", true), ("*", "https://r.test/", true),
            (" x.test , r.test ", "https://r.test/", true), ("r.test:5000", "https://r.test:5000/", true), ("r.test:5000", "https://r.test/", false),
            ("r.test:443", "https://r.test/", true), ("10.0.0.0/8", "https://10.1.2.3/", true), ("10.0.0.0/8", "https://11.1.2.3/", false),
            ("10.1.2.3", "https://10.1.2.3:5000/", true), ("10.1.2.3:5000", "https://10.1.2.3/", false),
            ("fd00::/8", "https://[fd00::1]:5000/", true),
            ("[fd00::1]:5000", "https://[fd00::1]:5000/", true), ("fd00::1", "https://[fd00::1]/", true), (",,:80,", "https://r.test/", false),
        ])
    func exceptions(list: String, url: String, isExcepted: Bool) throws {
        #expect(try (Self.proxy(["HTTPS_PROXY": "p:1", "NO_PROXY": list], url) == nil) == isExcepted)
    }

    @Test(
        "a proxy that cannot be used is an error that names the variable and no password",
        arguments: ["https://u:hunter2@p:1", "ftp://p", "socks5://u:hunter2@p", "http://", "::"])
    func unusable(text: String) throws {
        let error = try #require(throws: ImageStoreError.self) { try Self.proxy(["HTTPS_PROXY": text], "https://r.test/") }
        #expect(error.detail.hasPrefix("HTTPS_PROXY of the agent's environment cannot be used") && !"\(error)".contains("hunter2"))
        #expect(try Self.proxy(["HTTPS_PROXY": text, "NO_PROXY": "r.test"], "https://r.test/") == nil)
    }

    @Test("an image is pulled through a proxy, which gets its own login and the registry's name", .enabled(if: isRoot, "needs root"))
    func pulled() async throws {
        let image = PullTests.image()
        try await FakeRegistry.with(FakeRegistry.Script(honest(image))) { server async throws in
            try await TunnelProxy.with(to: server.port) { proxy async throws in
                try await withTemporaryFolder { folder in
                    let registries = RegistryConfiguration(
                        hosts: ["registry.invalid": .init(insecure: true)],
                        proxies: RegistryProxies(environment: ["HTTP_PROXY": "http://u:p@\(proxy.authority)"]))
                    try await withStore(in: folder, registries: registries) { store async throws in
                        let pulled = try await store.pull("registry.invalid/test/image:1", credentials: [])
                        #expect(pulled.names == ["registry.invalid/test/image:1"])
                    }
                }
                #expect(proxy.requests.first?.first == "CONNECT registry.invalid:80 HTTP/1.1")
                #expect(proxy.requests.allSatisfy { $0.contains { $0.lowercased() == "proxy-authorization: basic dtpw" } })
            }
            #expect(server.requests.allSatisfy { $0.headers.first(name: "Host") == "registry.invalid" && $0.headers["Proxy-Authorization"].isEmpty })
        }
    }
}
