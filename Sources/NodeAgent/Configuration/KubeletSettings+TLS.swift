extension KubeletSettings {
    /// The values of `tlsMinVersion`.
    package enum TLSVersion: String, Sendable, CaseIterable {
        case tls10 = "VersionTLS10"
        case tls11 = "VersionTLS11"
        case tls12 = "VersionTLS12"
        case tls13 = "VersionTLS13"
    }

    /// The suites for TLS 1.2 and below, by name and number (IANA, TLS Cipher Suites), in the order of preference. Those of TLS 1.3 cannot be chosen.
    private static let suites: [(name: String, number: UInt16)] = [
        ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xC02B), ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xC02F),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xC02C), ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xC030),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xCCA9), ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xCCA8),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305", 0xCCA9), ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", 0xCCA8),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xC009), ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xC013),
        ("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 0xC00A), ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xC014),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009C), ("TLS_RSA_WITH_AES_256_GCM_SHA384", 0x009D),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", 0x002F), ("TLS_RSA_WITH_AES_256_CBC_SHA", 0x0035),
    ]
    private static let ofTLS13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]
    /// kubelet accepts these; they are broken, and not built in here.
    private static let broken = [
        "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA256", "TLS_ECDHE_ECDSA_WITH_RC4_128_SHA",
        "TLS_ECDHE_RSA_WITH_RC4_128_SHA", "TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    ]

    /// The six suites with forward secrecy and authenticated encryption: the default, and the wish of the CIS benchmark for Kubernetes.
    package static let defaultCipherSuites = suites.prefix(6).map { $0.number }

    /// The names of `tlsCipherSuites`, which is in the order of preference.
    var cipherSuiteNames: [String] { tlsCipherSuites.compactMap { number in Self.suites.first { $0.number == number }?.name } }

    mutating func readTLS(_ reader: inout FieldReader) throws {
        try reader.read("tlsCertFile", into: &tlsCertFile)
        try reader.read("tlsPrivateKeyFile", into: &tlsPrivateKeyFile)
        try reader.read("serverTLSBootstrap", into: &serverTLSBootstrap)
        try reader.read("rotateCertificates", into: &rotateCertificates)
        try reader.read("tlsMinVersion", into: &tlsMinVersion)
        var names: [String] = []
        try reader.read("tlsCipherSuites", into: &names)
        guard let node = reader.node("tlsCipherSuites"), !names.isEmpty else { return }
        let known = Self.suites.map { $0.name }
        if let unknown = names.first(where: { !known.contains($0) && !Self.ofTLS13.contains($0) && !Self.broken.contains($0) }) {
            throw reader.bad(node, "tlsCipherSuites", "found '\(unknown)', wanted suites such as \(known[0])")
        }
        reader.ignore([
            UnsupportedField(
                "tlsCipherSuites", harmless: known + Self.ofTLS13,
                reason: "suites with RC4, 3DES or CBC and SHA256 are not built in, the others are used; remove them")
        ])
        tlsCipherSuites = Self.suites.filter { names.contains($0.name) }.map { $0.number }
        guard tlsCipherSuites.isEmpty else { return }
        guard names.contains(where: Self.ofTLS13.contains) else {
            throw reader.bad(node, "tlsCipherSuites", "none of these suites is built in; wanted at least one such as \(known[0])")
        }
        // Suites of TLS 1.3 alone leave nothing for the versions before it.
        tlsCipherSuites = Self.defaultCipherSuites
        tlsMinVersion = .tls13
    }
}
