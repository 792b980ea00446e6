import NodeAgent
import Testing

struct TLSConfigurationTests {
    private func load(_ fields: String) throws -> AgentConfiguration {
        try ConfigurationLoader.parse([("k.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + fields)])
    }

    private static let cis: [UInt16] = [0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8]

    @Test(
        "versions and suites of TLS are read, with the six suites of the CIS benchmark as default",
        arguments: [
            ("", "tls12", Self.cis, 0), ("tlsMinVersion: ''\n", "tls12", Self.cis, 0), ("tlsMinVersion: VersionTLS13\n", "tls13", Self.cis, 0),
            ("tlsCipherSuites: [TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305, TLS_RSA_WITH_AES_128_GCM_SHA256]\n", "tls12", [0xCCA8, 0x9C], 0),
            ("tlsCipherSuites: [TLS_AES_128_GCM_SHA256]\n", "tls13", Self.cis, 0),
            ("tlsCipherSuites: [TLS_RSA_WITH_RC4_128_SHA, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n", "tls12", [0xC02F], 1),
        ] as [(String, String, [UInt16], Int)])
    func accepted(fields: String, minimum: String, suites: [UInt16], warnings: Int) throws {
        let configuration = try load(fields)
        #expect("\(configuration.kubelet.tlsMinVersion)" == minimum)
        #expect(configuration.kubelet.tlsCipherSuites == suites)
        #expect(configuration.warnings.count == warnings)
    }

    @Test(
        "unknown versions and suites are refused by name",
        arguments: [
            ("tlsMinVersion: TLS12\n", "TLS12"), ("tlsCipherSuites: [TLS_WITH_HOPE]\n", "TLS_WITH_HOPE"),
            ("tlsCipherSuites: [TLS_RSA_WITH_RC4_128_SHA]\n", "none of these suites"), ("serverTLSBootstrap: maybe\n", "serverTLSBootstrap"),
        ])
    func refused(fields: String, words: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try load(fields) }
        #expect("\(error)".contains(words), "\(error)")
    }

    @Test("a requested serving certificate is a setting of its own") func serving() throws {
        #expect(try load("serverTLSBootstrap: true\n").kubelet.serverTLSBootstrap)
        #expect(try !load("").kubelet.serverTLSBootstrap)
    }
}
